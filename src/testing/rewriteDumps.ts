import { Function, Label, Line, Location, Profile as PeerProfile, Sample, StringTable, ValueType } from 'pprof-format';
import { goroutineLabel } from '../profile/goroutineStates';
import type { Profile } from '../profile/profile';

/**
 * Recorded dumps of Go 1.26 (GODEBUG=tracebacklabels=1) as other versions would have printed them. Made, not recorded:
 * the rules follow runtime/traceback.go of each version, and no Go that prints them was run.
 */

const header = /^(goroutine \d+ )\[(.*?)(?: labels:\{(.*)\})?\]:$/gm;
const label = /("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*")/g;

/** Labels after the bracket, bare where they can be (go1.27 goroutineheader). */
export const asGo127 = (text: string): string =>
  text.replace(header, (_, start: string, status: string, labels?: string) => {
    const bare = labels?.replace(label, (__, key: string, value: string) => `${unquoted(key)}: ${unquoted(value)}`);
    return `${start}[${status}]${bare ? ` {${bare}}` : ''}:`;
  });

const unquoted = (quoted: string) => (/^"[A-Za-z0-9./_]*"$/.test(quoted) ? quoted.slice(1, -1) : quoted);

/** Labels inside the bracket, as CockroachDB's fork prints them; it knows no marks. */
export const asFork = (text: string): string =>
  text.replace(header, (_, start: string, status: string, labels?: string) => {
    const inside = [...(labels ?? '').matchAll(label)].map(
      ([, key, value]) => `, "${JSON.parse(key)}:${JSON.parse(value)}"`
    );
    return `${start}[${status.replace(' (leaked)', '')}${inside.join('')}]:`;
  });

/** No labels, no marks, and nobody knows who started a goroutine (before go1.21). */
export const asGo120 = (text: string): string =>
  text
    .replace(header, (_, start: string, status: string) => `${start}[${status.replace(' (leaked)', '')}]:`)
    .replace(/^(created by .*) in goroutine \d+$/gm, '$1');

/** As if all goroutines ran in a synctest bubble, whose waits for channels are durable (go1.26). */
export const inBubble = (text: string): string =>
  text.replace(
    /^(goroutine \d+ \[)((?:chan|select)[^,\]]*?)((?: labels:\{.*\})?\]:|,.*)$/gm,
    (_, start: string, state: string, rest: string) =>
      `${start}${state} (durable)${rest.replace(/( labels:\{.*\})?\]:$/, ', synctest bubble 1$1]:')}`
  );

/**
 * debug=3 of CockroachDB's fork out of a decoded dump: a sample for each goroutine, with the fork's labels. The calls of
 * the runtime on top are not in a dump and stay away here; the fork has them.
 */
export function asFork3({ sample, stack, location, line, label: labels, labelSet, ...profile }: Profile): Uint8Array {
  const strings = new StringTable();
  const text = (value: string) => strings.dedup(value);
  const own: Readonly<Record<string, string>> = {
    [goroutineLabel.goroutine]: 'go::goroutine',
    [goroutineLabel.creatorGoroutine]: 'go::goroutine_created_by',
    [goroutineLabel.state]: 'go::goroutine_state',
    [goroutineLabel.waitMinutes]: 'go::goroutine_wait_minutes',
  };
  const dropped = new Set<string>(Object.values(goroutineLabel));
  const labelsOf = (set: number): Label[] => {
    const list: Label[] = [];
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      const key = profile.strings[labels.key[i]];
      if (own[key] === undefined && dropped.has(key)) {
        continue;
      }
      const value = labels.isNumeric[i] ? { num: labels.num[i] } : { str: text(profile.strings[labels.str[i]]) };
      list.push(new Label({ key: text(own[key] ?? key), ...value }));
    }
    return list;
  };
  const count = new ValueType({ type: text('goroutine'), unit: text('count') });
  const { function: functions } = profile;
  return new PeerProfile({
    sampleType: [count],
    periodType: count,
    period: 1,
    sample: Array.from(sample.stack, (leaf, i) => {
      const locationId: number[] = [];
      for (let row = leaf; row > 0; row = stack.parent[row]) {
        locationId.push(stack.location[row] + 1);
      }
      return new Sample({ locationId, value: [1], label: labelsOf(sample.labelSet[i]) });
    }),
    location: Array.from({ length: location.length }, (_, l) => {
      const lines: Line[] = [];
      for (let k = location.lineOffset[l]; k < location.lineOffset[l + 1]; k++) {
        lines.push(new Line({ functionId: line.function[k] + 1, line: line.line[k] }));
      }
      return new Location({ id: l + 1, address: l + 1, line: lines });
    }),
    function: Array.from({ length: functions.length }, (_, f) => {
      const name = text(profile.strings[functions.name[f]]);
      return new Function({
        id: f + 1,
        name,
        systemName: name,
        filename: text(profile.strings[functions.filename[f]]),
      });
    }),
    stringTable: strings,
  }).encode();
}
