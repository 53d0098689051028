import { compileLayout } from './layout';
import { presets, type Preset } from './presets';

export interface Suggestion {
  readonly preset: Preset;
  /** Keys that it reads. */
  readonly count: number;
}

/**
 * The preset that reads most of a bucket's keys; undefined where none reads any. One that knows the time from the key comes before
 * one that has only the time of upload, if it reads at least half as many.
 */
export function suggestPreset(keys: readonly string[], prefix: string): Suggestion | undefined {
  const read = presets.map((preset) => {
    const { parse } = compileLayout(preset.template);
    const parsed = keys.flatMap((key) => (key.startsWith(prefix) ? (parse(key.slice(prefix.length)) ?? []) : []));
    const timed = parsed.filter(({ time }) => time !== undefined).length;
    return { preset, count: parsed.length, timed };
  });
  const most = (of: (each: (typeof read)[number]) => number) => read.reduce((a, b) => (of(b) > of(a) ? b : a));
  const [any, timed] = [most(({ count }) => count), most((each) => each.timed)];
  const { preset, count } = 2 * timed.timed >= any.count ? timed : any;
  return count > 0 ? { preset, count } : undefined;
}
