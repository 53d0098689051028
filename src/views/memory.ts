import { checkExact, sampleIndexByName } from '../profile/profile';
import { InputError, type Notice } from '../text/notice';
import type { MemoryMeta } from '../captures/meta';
import type { Table } from './table';
import { memoryView } from './view';

/** A space that tables do not collapse. */
const indent = '\u2003';

/**
 * From the limit down to what a heap profile explains: the memory of the process, of the Go runtime, of its heap, and the
 * profile's total, each with what lies between it and the next.
 *
 * Columns: memory, bytes, % of limit, what it is. Rows that are indented are what lies between the steps around them.
 */
export function waterfall(memory: MemoryMeta, profileTotal: number): Table {
  const { limit, limitSource, rss, goMemory, heapIdle, heapInuse, stacks } = memory;
  const rows: Array<readonly [string, number, string]> = [];
  const step = (name: string, bytes: number, text: string) => rows.push([name, bytes, text]);
  const part = (name: string, bytes: number, text: string) =>
    bytes !== 0 && rows.push([`${indent}${name}`, bytes, text]);
  if (limit > 0) {
    step('Limit', limit, limitSource);
    part('free', limit - (rss || goMemory), 'until the limit');
  }
  if (rss > 0) {
    step('Resident', rss, 'pages of the process in memory');
    part(
      'outside of Go',
      rss - goMemory,
      rss < goMemory
        ? 'below zero: the runtime holds memory that it has not touched'
        : 'the binary, mapped files, cgo and its allocators'
    );
  }
  step('Go runtime', goMemory, 'what the runtime holds of the system');
  part('stacks', stacks, 'of goroutines');
  part('idle heap', heapIdle, 'free, and not given back to the system');
  part('the runtime itself', goMemory - stacks - heapIdle - heapInuse, 'collector, profiling buckets, spans');
  step('Heap in use', heapInuse, 'spans with at least one object');
  part(
    'not in the profile',
    heapInuse - profileTotal,
    heapInuse < profileTotal
      ? 'below zero: the profile is sampled, and as of the last collection'
      : 'garbage, objects since the last collection, gaps in spans'
  );
  step('Heap profile', profileTotal, 'inuse_space: live at the last collection');
  const held = rss || goMemory;
  return {
    name: 'memory',
    length: rows.length,
    columns: [
      { name: 'memory', kind: 'string', values: rows.map(([name]) => name) },
      { name: 'bytes', kind: 'number', unit: 'bytes', values: rows.map(([, bytes]) => bytes) },
      {
        name: '% of limit',
        kind: 'number',
        unit: 'percent',
        isGauge: true,
        values: rows.map(([, bytes]) => (limit > 0 ? (100 * bytes) / limit : NaN)),
      },
      { name: 'what it is', kind: 'string', values: rows.map(([, , text]) => text) },
    ],
    notices: [
      {
        severity: 'info',
        text: `The heap profile explains ${held === 0 ? 'nothing' : `${((100 * profileTotal) / held).toFixed(0)} %`} of the memory that the process held.`,
      },
    ],
  };
}

export const processMemoryView = memoryView({
  name: 'memory',
  title: 'Memory',
  description: 'from the limit down to what the heap profile explains',
  group: 'Profile',
  opens: 'memory',
  base: 'none',
  panel: 'table',
  fields: [],
  reports: [],
  tables(meta, profile) {
    const memory = meta ?? profile.runtimeMemory;
    if (!memory) {
      throw new InputError(
        'The memory of the process is not known: of profiles only the text of a heap (debug=1) says it.'
      );
    }
    const index = sampleIndexByName(profile, 'inuse_space');
    checkExact(profile.sampleTypes[index]);
    const values = profile.sample.values[index];
    const table = waterfall(
      { limit: 0, limitSource: '', rss: 0, ...memory },
      values.reduce((sum, value) => sum + value, 0)
    );
    const ofText: Notice = {
      severity: 'info',
      text: 'From the last lines of the heap profile: limit and resident memory are not known.',
    };
    return [meta ? table : { ...table, notices: [...table.notices, ofText] }];
  },
});
