import { counted } from '../text/notice';
import { dateTimeFormat } from '@grafana/data';
import type { Capture } from '../captures/capture';

export interface Shown {
  readonly captures: readonly Capture[];
  /** Captures that they are compared with. */
  readonly base: readonly Capture[];
  /** Grafana's: the dashboard's or the user's, so that a title and the axes of panels say one time. */
  readonly timeZone?: string;
  /** End of the time range, Unix ms: a time of the same day has no date. */
  readonly end: number;
}

/**
 * The captures that a picture is of, in the order of what tells captures apart, for the root of a flame graph:
 * `ingester · ingester-7f9c · 14:22:33 · 85 % of 192 MiB`, `ingester · 3 instances · 12 captures, 14:02–14:31`. A narrow bar
 * shows the beginning, so of a difference what differs comes first: `14:22:33 against 14:02:11 · ingester · ingester-7f9c`.
 * '' for no captures.
 */
export function titleOf(shown: Shown): string {
  const { captures, base } = shown;
  const [names, baseNames] = [namesOf(captures), namesOf(base)];
  const versions = base.length > 0 && oneOf([...captures, ...base], 'version') === undefined;
  const versionOf = (side: readonly Capture[]) => (versions ? nameOf(side, 'version') : '');
  const joined = (parts: readonly string[]) => parts.filter(Boolean).join(' · ');
  if (base.length === 0) {
    return joined([...names, ...momentsOf(captures, shown)]);
  }
  const shared = names.filter((name) => baseNames.includes(name));
  const side = (own: readonly Capture[], ownNames: readonly string[]) =>
    joined([...ownNames.filter((name) => !shared.includes(name)), versionOf(own), ...momentsOf(own, shown)]);
  const sides = [side(captures, names), side(base, baseNames)].filter(Boolean).join(' against ');
  return joined([sides, ...shared]);
}

const namesOf = (captures: readonly Capture[]): readonly string[] =>
  captures.length === 0 ? [] : ['service', 'instance'].map((label) => nameOf(captures, label));

/** When they were captured, and one capture's share of its limit. */
function momentsOf(captures: readonly Capture[], { captures: all, base, timeZone, end }: Shown): readonly string[] {
  const day = (time: number) => dateTimeFormat(time, { timeZone, format: 'YYYY-MM-DD' });
  // A key that says no time has 0.
  const isToday = [...all, ...base].every(({ time }) => time <= 0 || day(time) === day(end));
  const text = (time: number, format: string) =>
    time > 0 ? dateTimeFormat(time, { timeZone, format: isToday ? format : `YYYY-MM-DD ${format}` }) : '';
  if (captures.length === 1) {
    const [{ time, value, limit }] = captures;
    const share = value && limit ? `${Math.round((100 * value) / limit)} % of ${(limit / 1048576).toFixed(0)} MiB` : '';
    return [text(time, 'HH:mm:ss'), share];
  }
  const times = captures.map(({ time }) => time).sort((a, b) => a - b);
  const span =
    times.length > 0 ? [text(times[0], 'HH:mm'), text(times[times.length - 1], 'HH:mm')].filter(Boolean) : [];
  return times.length === 0 ? [] : [[counted(times.length, 'capture'), span.join('–')].filter(Boolean).join(', ')];
}

/** The value of a label that all captures have, '' where none has it; else how many values there are. */
function nameOf(captures: readonly Capture[], label: string): string {
  return oneOf(captures, label) ?? `${new Set(captures.map(({ labels }) => labels[label])).size} ${label}s`;
}

function oneOf(captures: readonly Capture[], label: string): string | undefined {
  const [first, ...others] = new Set(captures.map(({ labels }) => labels[label] ?? ''));
  return others.length === 0 ? first : undefined;
}
