import { labelText, labelUnits } from '../../profile/labels';
import { picked } from '../../profile/picked';
import type { Profile } from '../../profile/profile';
import { counted, type Notice } from '../../text/notice';
import { compilePattern, type Pattern } from '../../text/pattern';
import { nodeFields } from '../../fields/fields';
import { frameNames, type FrameOptions } from '../frameNames';
import { markNames } from '../graph';
import { callPaths } from '../paths';
import type { Prepared } from '../preparedProfile';
import { seriesTable } from '../seriesTable';
import { percentOf, type Table } from '../table';
import { fleetView } from '../view';
import { labelNames } from './fleetSums';
import { cumulativeNotice, type CaptureOrigin } from './origin';

/** Series of the graph; the largest stay. */
const maxSeries = 50;

export interface OverTimeOptions extends FrameOptions {
  readonly sort: 'flat' | 'cum';
  /** Labels of keys or of samples, separated by commas; '' for the instance. */
  readonly groupBy: string;
  /** The functions that are counted, '' for all samples. */
  readonly peek: string;
}

/** What functions had in each capture, as a series for each value of the labels they are grouped by. */
export class OverTime {
  /** By the values of its labels: its value by time. */
  private readonly series = new Map<
    string,
    { readonly labels: Record<string, string>; readonly values: Map<number, number> }
  >();
  private readonly by: readonly string[];
  private readonly pattern: Pattern | undefined;
  private readonly captures = { all: 0, without: 0 };
  private first: Prepared | undefined;

  constructor(private readonly options: OverTimeOptions) {
    this.by = labelNames(options.groupBy, 'instance');
    this.pattern = options.peek === '' ? undefined : compilePattern('peek', options.peek);
  }

  add(prepared: Prepared, { time, labels }: CaptureOrigin): void {
    const { profile, index } = prepared;
    this.first ??= prepared;
    const isCounted = this.pattern && countedStacks(profile, this.options, this.pattern);
    const ofSamples = this.by.filter((name) => labels[name] === undefined);
    const texts = labelTexts(profile, ofSamples);
    const values = profile.sample.values[index];
    const sums = new Map<number, number>();
    for (let i = 0; i < profile.sample.length; i++) {
      if (!isCounted || isCounted[profile.sample.stack[i]] === 1) {
        const set = ofSamples.length === 0 ? 0 : profile.sample.labelSet[i];
        sums.set(set, (sums.get(set) ?? 0) + values[i]);
      }
    }
    this.captures.all++;
    this.captures.without += sums.size === 0 ? 1 : 0;
    // A capture in which nothing matches is a 0 of its series, not a gap.
    for (const [set, sum] of sums.size === 0 && ofSamples.length === 0 ? [[0, 0]] : sums) {
      const own = Object.fromEntries(this.by.map((name) => [name, labels[name] ?? texts(set, name)]));
      const id = JSON.stringify(own);
      const series = this.series.get(id) ?? { labels: own, values: new Map<number, number>() };
      this.series.set(id, series);
      series.values.set(time, (series.values.get(time) ?? 0) + sum);
    }
  }

  /** A table for each series, named by the values of its labels. Columns: time, value. */
  finish(): Table[] {
    const all = [...this.series.values()].map((one) => ({ ...one, peak: Math.max(...one.values.values()) }));
    all.sort((a, b) => b.peak - a.peak);
    const shown = all.slice(0, maxSeries);
    const { unit = '', type = '' } = this.first ?? {};
    const tables = shown.map(({ labels, values }) =>
      seriesTable(
        labels,
        unit,
        [...values].sort(([a], [b]) => a - b)
      )
    );
    const notices = [...this.said(all.slice(maxSeries), all), ...cumulativeNotice(type)];
    const [first = { name: 'over time', length: 0, columns: [], notices: [] }, ...others] = tables;
    return [{ ...first, notices }, ...others];
  }

  private said(left: ReadonlyArray<{ readonly peak: number }>, all: typeof left): Notice[] {
    const { captures, options } = this;
    const sum = (some: typeof left) => some.reduce((total, { peak }) => total + peak, 0);
    return [
      ...(captures.without === captures.all && captures.all > 0 && options.peek !== ''
        ? [
            {
              severity: 'warning',
              text: `No function of ${counted(captures.all, 'capture')} matches ${options.peek}.`,
            } as const,
          ]
        : []),
      ...(left.length > 0
        ? [
            {
              severity: 'warning',
              text: `Shown: the ${maxSeries} largest of ${all.length} series; the others have ${percentOf(sum(left), sum(all)).toFixed(1)} % of the sum of their peaks.`,
            } as const,
          ]
        : []),
    ];
  }
}

/** 1 for each row of the stack table that is counted: one of its calls matches, or of flat values the last. */
function countedStacks(profile: Profile, options: OverTimeOptions, isWanted: Pattern): Uint8Array {
  const frames = frameNames(profile, options);
  const { length, parent, name, node } = callPaths(profile, frames);
  const wanted = markNames(frames.names, isWanted);
  const isCounted = new Uint8Array(length);
  for (let row = 1; row < length; row++) {
    isCounted[row] = wanted[name[row]] | (options.sort === 'flat' ? 0 : isCounted[parent[row]]);
  }
  return picked(isCounted, node);
}

/** The values of labels of a set, '' for none; several of one name are separated by commas. */
function labelTexts(profile: Profile, names: readonly string[]): (set: number, name: string) => string {
  if (names.length === 0) {
    return () => '';
  }
  const { labelSet, label, strings } = profile;
  const units = labelUnits(profile);
  return (set, name) => {
    const texts: string[] = [];
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      if (strings[label.key[i]] === name) {
        texts.push(labelText(profile, i, units));
      }
    }
    return texts.join(', ');
  };
}

export const overTimeView = fleetView({
  name: 'overTime',
  title: 'Functions over time',
  description: 'functions in all captures, as series by instance or tenant',
  group: 'Fleet',
  opens: 'fleet',
  base: 'none',
  panel: 'graph',
  fields: ['peek', 'sampleIndex', 'mean', ...nodeFields, 'sort', 'groupBy'],
  reports: [],
  collect(query) {
    const series = new OverTime(query);
    return { add: series.add.bind(series), finish: () => series.finish() };
  },
});
