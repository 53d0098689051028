import { decode } from '../decode/decode';
import { Field } from '../decode/pprof';
import { WireWriter } from '../encode/wire';
import { once } from '../profile/once';
import { randomSource } from '../profile/random';
import type { RunQuery } from '../query/query';
import { run } from '../query/run';
import { withEngine } from '../text/withEngine';

const heap = once(() => madeUpProfile(true));
const cpuTime = once(() => madeUpProfile(false));

/**
 * Decodes a made-up profile and answers a query about it, so that the engine has compiled what the first query of a page needs when
 * it comes: cold, a heap of 4 MB takes three times as long as the next one.
 * @param isHeap of a heap, else of CPU time
 */
export async function warmUp(isHeap: boolean, query: RunQuery): Promise<void> {
  const profile = await decode(isHeap ? heap() : cpuTime());
  await withEngine(() => run(query, { profile }));
}

const functions = 400;

/**
 * A profile with what matters to the decoder in those of Go's runtime (runtime/pprof, proto.go): a location and its functions before
 * the first sample that has it, one or two numbers not packed, mappings and texts last. A heap has a number as label, CPU time a text.
 */
export function madeUpProfile(isHeap: boolean): Uint8Array {
  const out = new WireWriter();
  const texts = new Map([['', 0]]);
  const text = (value: string) => {
    const row = texts.get(value) ?? texts.size;
    texts.set(value, row);
    return row;
  };
  const numbers = (field: number, values: readonly number[]) =>
    values.length > 2 ? out.integers(field, values) : values.forEach((value) => out.integer(field, value));
  const random = randomSource(1);
  const below = (limit: number) => Math.floor(random() * limit);

  out.integer(Field.timeNanos, 1_790_000_000_000_000_000n);
  for (const type of isHeap ? ['alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space'] : ['samples', 'cpu']) {
    out.message(Field.sampleType, () => {
      out.integer(1, text(type));
      out.integer(2, text(/space/.test(type) ? 'bytes' : type === 'cpu' ? 'nanoseconds' : 'count'));
    });
  }
  const writeFunction = (id: number) =>
    out.message(Field.function, () => {
      const name = text(`example.com/service/pkg${id % 20}.(*Type${id % 30}).method${id}`);
      out.integer(1, id);
      out.integer(2, name);
      out.integer(3, name);
      out.integer(4, text(`/src/service/pkg${id % 20}/file${id % 30}.go`));
      out.integer(5, 3 * id); // Where it begins.
    });
  // Each is written once, where it is first met.
  const written = { locations: new Set<number>(), functions: new Set<number>() };
  const writeLocation = (id: number) => {
    // Inlined calls are lines of one location.
    const lines = id % 5 === 0 ? [id, id - 1] : [id];
    out.message(Field.location, () => {
      out.integer(1, id);
      out.integer(3, (id % 7 === 0 ? 0x7fff00000000 : 0x400000) + 64 * id);
      for (const line of lines) {
        out.message(4, () => {
          out.integer(1, line); // The function, which has its number.
          out.integer(2, 10 + 3 * line);
        });
      }
      out.integer(2, 1); // The mapping.
    });
    eachOnce(written.functions, lines, writeFunction);
  };
  const paths: number[][] = [[1], [1, 2]];
  for (let i = 0; i < 400; i++) {
    const caller = paths[below(paths.length)];
    const path = caller.slice(0, 1 + below(caller.length));
    for (let more = 1 + below(10); more > 0; more--) {
      path.push(1 + below(functions));
    }
    paths.push(path);
  }
  for (const path of paths) {
    eachOnce(written.locations, path, writeLocation);
    const count = 1 + below(200);
    const size = 16 << below(16);
    out.message(Field.sample, () => {
      numbers(2, isHeap ? [count + 1, (count + 1) * size, count % 3, (count % 3) * size] : [count, count * 10_000_000]);
      numbers(1, [...path].reverse());
      if (isHeap || count % 4 > 0) {
        out.message(3, () => {
          out.integer(1, text(isHeap ? 'bytes' : 'tenant_id'));
          out.integer(2, isHeap ? 0 : text(`tenant-${count % 20}`));
          out.integer(3, isHeap ? size : 0);
        });
      }
    });
  }
  out.message(Field.mapping, () => {
    out.integer(1, 1);
    out.integer(2, 0x400000);
    out.integer(3, 0x900000);
    out.integer(5, text('/usr/local/bin/service'));
    out.integer(7, true); // It has functions.
  });
  [...texts.keys()].forEach((each) => out.text(Field.string, each));
  return out.finish();
}

/** Calls `write` for each of the ids that was not written yet. */
function eachOnce(written: Set<number>, ids: readonly number[], write: (id: number) => void): void {
  for (const id of ids) {
    if (!written.has(id)) {
      written.add(id);
      write(id);
    }
  }
}
