import { join } from './mutateBytes';
import type { Random } from './random';

/** A field of a message: its number, and what it holds by its wire type. */
interface Field {
  number: number;
  wire: number;
  /** Of wire type 0. */
  value: bigint;
  /** Of the others, unless `fields` has them. */
  bytes: Uint8Array;
  fields?: Field[];
  /** What is written for the length of the bytes, where that is a lie. */
  length?: number;
}

/** Fields of profile.proto that are messages, and theirs. */
const messages: Readonly<Record<string, string>> = {
  'profile 1': 'valueType',
  'profile 2': 'sample',
  'profile 3': 'mapping',
  'profile 4': 'location',
  'profile 5': 'function',
  'profile 11': 'valueType',
  'sample 3': 'label',
  'location 4': 'line',
};

/** @returns undefined for bytes that are no message */
function parse(bytes: Uint8Array, message: string): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) {
        return undefined;
      }
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) {
        return value;
      }
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === undefined) {
      return undefined;
    }
    const field: Field = { number: Number(tag >> 3n), wire: Number(tag & 7n), value: 0n, bytes: new Uint8Array() };
    if (field.wire === 0) {
      const value = varint();
      if (value === undefined) {
        return undefined;
      }
      field.value = value;
    } else {
      const length = field.wire === 2 ? varint() : field.wire === 1 ? 8n : field.wire === 5 ? 4n : undefined;
      if (length === undefined || length > BigInt(bytes.length - at)) {
        return undefined;
      }
      field.bytes = bytes.subarray(at, (at += Number(length)));
      const inner = field.wire === 2 ? messages[`${message} ${field.number}`] : undefined;
      field.fields = inner === undefined ? undefined : parse(field.bytes, inner);
    }
    fields.push(field);
  }
  return fields;
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) {
    bytes.push(Number(rest & 127n) | 128);
  }
  return Uint8Array.from([...bytes, Number(rest)]);
}

function print(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, wire, value, bytes, fields: inner, length } of fields) {
    parts.push(varint((BigInt(number) << 3n) | BigInt(wire)));
    const content = inner ? print(inner) : bytes;
    if (wire === 0) {
      parts.push(varint(value));
    } else if (wire === 2) {
      parts.push(varint(BigInt(length ?? content.length)), content);
    } else {
      parts.push(content);
    }
  }
  return join(...parts);
}

const numbers = [
  0n,
  1n,
  2n,
  3n,
  127n,
  128n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** A message of profile.proto with one to four of its parts changed; undefined for bytes that are none. */
export function mutateProtobuf(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array | undefined {
  const fields = parse(bytes, 'profile');
  if (!fields || fields.length === 0) {
    return undefined;
  }
  const others = parse(other, 'profile') ?? fields;
  for (let k = 1 + random.below(4); k > 0; k--) {
    mutateFields(listIn(fields, random), listIn(others, random), random);
  }
  return print(fields);
}

/** The fields of the message, or of one inside of it. */
function listIn(fields: Field[], random: Random): Field[] {
  const inner = fields.filter((field) => field.fields?.length).map((field) => field.fields as Field[]);
  return inner.length > 0 && random.is(0.7) ? listIn(random.pick(inner), random) : fields;
}

function mutateFields(list: Field[], others: readonly Field[], random: Random): void {
  if (list.length === 0 || others.length === 0) {
    return;
  }
  const at = random.below(list.length);
  const field = list[at];
  const place = random.below(list.length);
  switch (random.below(10)) {
    case 0:
      field.number = random.is(0.9) ? 1 + random.below(16) : random.below(2 ** 20);
      break;
    case 1:
      field.wire = random.below(8);
      break;
    case 2:
      field.length = random.below(field.bytes.length * 2 + 4);
      break;
    case 3:
      list.splice(at, random.is(0.8) ? 1 : random.below(list.length));
      break;
    case 4:
      list.splice(place, 0, structuredClone(field));
      break;
    case 5:
      [list[at], list[place]] = [list[place], list[at]];
      break;
    case 6:
      list.splice(place, 0, structuredClone(random.pick(others)));
      break;
    default:
      mutateValue(field, random);
  }
}

/** An id, a row, a value; numbers that are packed; a text. */
function mutateValue(field: Field, random: Random): void {
  const changed = (value: bigint) => (random.is(0.5) ? random.pick(numbers) : value + BigInt(random.below(9) - 4));
  if (field.wire === 0) {
    field.value = changed(field.value);
  } else if (field.wire === 2 && !field.fields) {
    const bytes = [...field.bytes];
    const at = random.below(bytes.length + 1);
    bytes.splice(at, random.below(3), ...(random.is(0.7) ? varint(changed(BigInt(bytes[at] ?? 0))) : []));
    field.bytes = Uint8Array.from(bytes);
  }
}
