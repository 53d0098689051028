import { gzipSync } from 'node:zlib';

/** Files that are small and ask for much: each stands for what a count, a length or a depth in a file can be made to say. */
export interface Attack {
  readonly name: string;
  /** The object in the bucket. */
  readonly bytes: () => Uint8Array;
  /** What its error says; undefined where it is read. */
  readonly says?: RegExp;
  /** It takes seconds, and is of a kind with a quicker one. */
  readonly takesLong?: true;
}

type Bytes = readonly number[];

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
const message = (tag: number, content: Bytes) => [tag, ...varint(content.length), ...content];
const string = (text: string) => message(0x32, [...Buffer.from(text)]);

/** One sample type, and the strings that it needs. */
const sampleType = message(0x0a, [0x08, 1, 0x10, 2]);
const strings = ['', 'samples', 'count'].flatMap(string);

/** `count` times `each`, as members of one gzip file of some 1000th of that size, so that it takes no memory here. */
function packed(...parts: ReadonlyArray<Bytes | { readonly each: Bytes; readonly count: number }>): Uint8Array {
  const members = parts.flatMap((part) => {
    if (!('each' in part)) {
      return [gzipSync(Uint8Array.from(part))];
    }
    const inMember = Math.min(part.count, Math.ceil(4_000_000 / part.each.length));
    const member = (count: number) => gzipSync(Buffer.alloc(count * part.each.length, Uint8Array.from(part.each)));
    const whole = new Array<Buffer>(Math.floor(part.count / inMember)).fill(member(inMember));
    return [...whole, member(part.count % inMember)];
  });
  return new Uint8Array(Buffer.concat(members));
}

const profileOf = (each: Bytes, count: number) => packed(sampleType, strings, { each, count });

/** As profileOf, each with a number of its own: ids, values, texts. Hardly packed, so no more than `count` of them. */
function numbered(count: number, each: (i: number) => Bytes, after: Bytes = []): Uint8Array {
  let file = Buffer.alloc(1 << 20);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const part = each(i);
    if (at + part.length > file.length) {
      file = Buffer.concat([file, Buffer.alloc(file.length)]);
    }
    for (const byte of part) {
      file[at++] = byte;
    }
  }
  const parts = [Uint8Array.from([...sampleType, ...strings]), file.subarray(0, at), Uint8Array.from(after)];
  return new Uint8Array(Buffer.concat(parts.map((part) => gzipSync(part, { level: 1 }))));
}

/** A location, and a sample whose one field of ids or labels has `count` times `each`. */
function oneSample(tag: number, each: Bytes, count: number): Uint8Array {
  const field = tag === 0 ? [] : [tag, ...varint(each.length * count)];
  const value = [0x10, 7];
  const length = field.length + each.length * count + value.length;
  return packed([...sampleType, ...strings, ...message(0x22, [0x08, 1]), 0x12, ...varint(length), ...value, ...field], {
    each,
    count,
  });
}

const text = (value: string) => Uint8Array.from(Buffer.from(value));
const lines = (count: number, line: (i: number) => string, header = '') => {
  const parts = [header];
  for (let i = 0; i < count; i++) {
    parts.push(line(i));
  }
  return gzipSync(parts.join(''), { level: 1 });
};

const M = 1_000_000;

const profiles: readonly Attack[] = [
  {
    name: '20,000,000 empty strings',
    says: /20,000,003 strings take/,
    bytes: () => profileOf([0x32, 0], 20 * M),
  },
  {
    name: '600 MB of one-byte strings',
    says: /unpacks to more than 192 MiB/,
    bytes: () => profileOf([0x32, 1, 97], 200 * M),
  },
  {
    name: '600 MB in strings of 1 MB',
    says: /unpacks to more than 192 MiB/,
    bytes: () => profileOf([0x32, ...varint(M), ...new Array<number>(M).fill(97)], 600),
  },
  {
    name: '150 MB in strings of 1 MB',
    says: /bytes of strings take/,
    bytes: () => profileOf([0x32, ...varint(M), ...new Array<number>(M).fill(97)], 150),
  },
  {
    name: '80 MB in strings of 1 MB',
    takesLong: true,
    says: /bytes of strings take/,
    bytes: () => profileOf([0x32, ...varint(M), ...new Array<number>(M).fill(0xc3)], 80),
  },
  {
    name: '30 MB in strings of 1 MB, no UTF-8',
    bytes: () => profileOf([0x32, ...varint(M), ...new Array<number>(M).fill(0xc3)], 30),
  },
  { name: '1,200,000 texts', says: /1,200,003 strings/, bytes: () => numbered(1.2 * M, (i) => string(`é${i}`)) },
  {
    name: '2,000,000 texts',
    takesLong: true,
    says: /strings take/,
    bytes: () => numbered(2 * M, (i) => string(`f${i}`)),
  },
  { name: '20,000,000 empty locations', says: /20,000,000 locations/, bytes: () => profileOf([0x22, 0], 20 * M) },
  {
    name: '20,000,000 empty functions',
    takesLong: true,
    says: /20,000,000 functions/,
    bytes: () => profileOf([0x2a, 0], 20 * M),
  },
  {
    name: '20,000,000 empty mappings',
    takesLong: true,
    says: /20,000,000 mappings/,
    bytes: () => profileOf([0x1a, 0], 20 * M),
  },
  { name: '20,000,000 empty sample types', says: /20,000,001 sample types/, bytes: () => profileOf([0x0a, 0], 20 * M) },
  { name: '400,000 empty sample types', bytes: () => profileOf([0x0a, 0], 0.4 * M) },
  {
    name: '20,000,000 empty samples',
    takesLong: true,
    says: /20,000,000 samples take/,
    bytes: () => profileOf([0x12, 0], 20 * M),
  },
  {
    name: '20,000,000 samples of one value',
    says: /20,000,000 samples/,
    bytes: () => profileOf([0x12, 2, 0x10, 1], 20 * M),
  },
  { name: '20,000,000 comments', says: /bytes of comments/, bytes: () => profileOf([0x68, 1], 20 * M) },
  {
    name: '20,000,000 comments in one field',
    says: /bytes of comments/,
    bytes: () => packed(sampleType, strings, [0x6a, ...varint(20 * M)], { each: [1], count: 20 * M }),
  },
  {
    name: '20,000,000 lines of one location',
    says: /20,000,000 lines/,
    bytes: () =>
      packed(sampleType, strings, [0x22, ...varint(40 * M + 2), 0x08, 1], { each: [0x22, 0], count: 20 * M }),
  },
  {
    name: '2,500,000 locations with ids of seven bytes',
    takesLong: true,
    says: /locations take/,
    bytes: () => numbered(2.5 * M, (i) => message(0x22, [0x08, ...varint(i + 2 ** 45)])),
  },
  {
    name: '1,000,000 functions with ids of six bytes',
    takesLong: true,
    bytes: () => numbered(M, (i) => message(0x2a, [0x08, ...varint(i + 2 ** 40)])),
  },
  {
    name: 'a stack of 150,000,000 frames',
    takesLong: true,
    says: /sample 1 of/,
    bytes: () => oneSample(0x0a, [1], 150 * M),
  },
  { name: 'a stack of 5,000,000 frames', bytes: () => oneSample(0x0a, [1], 5 * M) },
  {
    name: 'a stack of 20,000,000 frames, not packed',
    says: /sample 1 of/,
    bytes: () => oneSample(0, [0x08, 1], 20 * M),
  },
  { name: 'a sample of 20,000,000 values', says: /sample 1 of/, bytes: () => oneSample(0x12, [1], 20 * M) },
  {
    name: 'a sample of 20,000,000 labels',
    says: /sample 1 of/,
    bytes: () => oneSample(0, [0x1a, 2, 0x18, 1], 20 * M),
  },
  { name: 'a sample of 1,500,000 labels', bytes: () => oneSample(0, [0x1a, 2, 0x18, 1], 1.5 * M) },
  {
    name: 'a sample of 20,000,000 labels, apart',
    takesLong: true,
    says: /sample 1 of/,
    bytes: () => oneSample(0, [0x1a, 2, 0x18, 1, 0x08, 1], 20 * M),
  },
  {
    name: '1,000,000 samples with a label each',
    takesLong: true,
    bytes: () => numbered(M, (i) => message(0x12, [0x10, 1, ...message(0x1a, [0x18, ...varint(i)])])),
  },
  {
    name: '4,000,000 samples with a label each',
    takesLong: true,
    says: /sample \d+ of|samples take/,
    bytes: () => numbered(4 * M, (i) => message(0x12, [0x10, 1, ...message(0x1a, [0x18, ...varint(i)])])),
  },
  {
    name: '40,000 samples of 1,000 frames that share none',
    takesLong: true,
    says: /frames and 0 labels/,
    bytes: () =>
      numbered(
        40_000,
        (i) =>
          message(0x12, [0x10, 1, ...message(0x0a, [...new Array<number>(998).fill(1), ...varint(1 + (i % 16000))])]),
        numberedLocations(16001)
      ),
  },
  { name: '20,000,000 fields that nobody knows', bytes: () => profileOf([0xa0, 0x06, 1], 20 * M) },
  {
    name: 'a gzip bomb of 1 GiB of zeros',
    takesLong: true,
    says: /unpacks to more than 192 MiB/,
    bytes: () => new Uint8Array(gzipSync(Buffer.alloc(1024 * 1024 * 1024))),
  },
  {
    name: 'a gzip bomb whose note lies',
    says: /unpacks to more than 192 MiB/,
    bytes: () => {
      const bomb = packed({ each: [0], count: 800 * M });
      return new Uint8Array(Buffer.concat([bomb, gzipSync('')]));
    },
  },
  {
    name: 'a packed gzip bomb',
    says: /unpacks to more than 192 MiB/,
    bytes: () => new Uint8Array(gzipSync(packed({ each: [0], count: 2000 * M }))),
  },
  {
    name: 'a gzip bomb in 170 MB of gzip',
    takesLong: true,
    says: /unpacks to more than 192 MiB/,
    bytes: () => {
      const member = gzipSync(Buffer.alloc(100));
      return packed({ each: [...member], count: Math.floor((170 * M) / member.length) });
    },
  },
  {
    name: '1,000,000 gzip members',
    says: /holds no data/,
    bytes: () => new Uint8Array(Buffer.alloc(20 * M, gzipSync(''))),
  },
  {
    name: '100,000 gzip members of a profile',
    bytes: () =>
      new Uint8Array(
        Buffer.concat([
          gzipSync(Uint8Array.from([...sampleType, ...strings])),
          ...new Array<Buffer>(100_000).fill(gzipSync(Uint8Array.from(message(0x12, [0x10, 1])))),
        ])
      ),
  },
  {
    name: '1,000,000 goroutines of one line',
    says: /more than \d+,\d+ goroutines/,
    bytes: () => lines(M, (i) => `goroutine ${i + 1} [running]:\n`),
  },
  {
    name: '5,000,000 goroutines of one line',
    takesLong: true,
    says: /more than \d+,\d+ goroutines/,
    bytes: () => lines(5 * M, (i) => `goroutine ${i + 1} [running]:\n`),
  },
  {
    name: '1,000,000 goroutines in states of their own',
    takesLong: true,
    says: /different texts/,
    bytes: () => lines(M, (i) => `goroutine ${i + 1} [s${i}]:\n`),
  },
  {
    name: '400,000 goroutines in dumps of their own',
    bytes: () => lines(0.4 * M, () => `goroutine 1 [running]:\nmain.f()\n\t/a.go:1\n\n`),
  },
  {
    name: '3,000,000 functions of one goroutine',
    takesLong: true,
    says: /different texts/,
    bytes: () => lines(3 * M, (i) => `f${i}()\n\t/a${i}:1\n`, 'goroutine 1 [running]:\n'),
  },
  {
    name: '10,000,000 frames of one goroutine',
    takesLong: true,
    says: /1,048,576 frames in one stack/,
    bytes: () => lines(10 * M, () => `f()\n\t/a:1\n`, 'goroutine 1 [running]:\n'),
  },
  {
    name: '10,000,000 inlined frames of one goroutine',
    says: /different calls/,
    bytes: () => lines(10 * M, () => `f(...)\n\t/a:1\n`, 'goroutine 1 [running]:\n'),
  },
  {
    name: '5,000,000 ancestors of one goroutine',
    takesLong: true,
    says: /10,000 ancestors/,
    bytes: () => lines(5 * M, (i) => `[originating from goroutine ${i}]:\n`, 'goroutine 1 [running]:\nf()\n\t/a:1\n'),
  },
  { name: 'a line of 100 MB in a dump', bytes: () => lines(1, () => 'x'.repeat(100 * M), 'goroutine 1 [running]:\n') },
  {
    name: 'a call of 100 MB in a dump',
    takesLong: true,
    says: /bytes of text take/,
    bytes: () => lines(1, () => `${'f'.repeat(100 * M)}()\n\t/a:1\n`, 'goroutine 1 [running]:\n'),
  },
  {
    name: 'a header of 100 MB',
    bytes: () => lines(1, () => `goroutine 1 [${'x'.repeat(100 * M)}]:\n`, 'goroutine 2 [running]:\n'),
  },
  {
    name: '100 MB of nested braces',
    takesLong: true,
    says: /bytes of text take/,
    bytes: () => lines(1, () => `f${'({'.repeat(50 * M)})\n`, 'goroutine 1 [running]:\n'),
  },
  {
    name: '5,000,000 samples of debug=1',
    takesLong: true,
    says: /more than \d+,\d+ stacks/,
    bytes: () => lines(5 * M, () => `1 @ 0x1\n`, 'goroutine profile: total 5000000\n'),
  },
  {
    name: '3,000,000 addresses of debug=1',
    takesLong: true,
    says: /different calls/,
    bytes: () =>
      lines(
        0.1 * M,
        (i) => `1 @ ${Array.from({ length: 30 }, (_, k) => `0x${(i * 30 + k).toString(16)}`).join(' ')}\n`,
        'goroutine profile: total 100000\n'
      ),
  },
  {
    name: 'a line of 100 MB in debug=1',
    takesLong: true,
    says: /frames in one stack/,
    bytes: () => lines(1, () => `1 @${' 0x1'.repeat(25 * M)}\n`, 'goroutine profile: total 1\n'),
  },
  {
    name: 'labels of 100 MB in debug=1',
    bytes: () =>
      lines(1, () => `1 @ 0x1\n# labels: {${'"a":"b", '.repeat(11 * M)}"c":"d"}\n`, 'goroutine profile: total 1\n'),
  },
  {
    name: 'a label of 100 MB in debug=1',
    takesLong: true,
    bytes: () =>
      lines(1, () => `1 @ 0x1\n# labels: {"a":"${'\\x41'.repeat(25 * M)}"}\n`, 'goroutine profile: total 1\n'),
  },
  {
    name: '5,000,000 lines of one address in debug=1',
    takesLong: true,
    says: /different texts/,
    bytes: () => lines(5 * M, (i) => `#\t0x1\tf${i}+0x1\t/a:1\n`, 'goroutine profile: total 1\n1 @ 0x2\n'),
  },
  {
    name: '100 MB of text that is no profile',
    says: /looks like base64/,
    bytes: () => lines(1, () => 'g'.repeat(100 * M), ''),
  },
  {
    name: '100 MB of lines that are no profile',
    takesLong: true,
    says: /is text, not a profile/,
    bytes: () => text('goroutine \n'.repeat(9 * M)),
  },
];

const call = 'main.f(0x1)\\n\\t/src/app/main.go:10 +0x1d\\n';
const dump = `goroutine 1 [running]:\\n${call.repeat(20)}\\n`;
const logs: readonly Attack[] = [
  {
    name: 'a log of 64 MB of JSON lines',
    says: /of a log take/,
    bytes: () => packed({ each: [...text(`{"msg":"${dump}"}\n`)], count: Math.floor((64 * M) / (dump.length + 11)) }),
  },
  {
    name: 'a record of 8,000,000 values in a log',
    says: /values in one record of a log take/,
    bytes: () =>
      packed([...text('{"m":"goroutine 1 [running]:\\n","b":[')], { each: [...text('"a",')], count: 8 * M }, [
        ...text('""]}'),
      ]),
  },
  {
    name: 'a log of 32,000,000 empty lines',
    says: /lines of a log take/,
    bytes: () => packed([...text('{"m":"goroutine 1 [running]:\\n"}')], { each: [10], count: 32 * M }),
  },
  {
    name: 'a log of 6 MB of JSON lines',
    bytes: () => packed({ each: [...text(`{"msg":"${dump}"}\n`)], count: Math.floor((6 * M) / (dump.length + 11)) }),
  },
];

function numberedLocations(count: number): number[] {
  return Array.from({ length: count }, (_, i) => message(0x22, [0x08, ...varint(i + 1)])).flat();
}

export const attacks: readonly Attack[] = [...profiles, ...logs];
