import { stateClass } from '../../profile/goroutineStates';
import { compilePattern, type Pattern } from '../../text/pattern';
import { processView } from '../view';
import type { Profile } from '../../profile/profile';
import { columnsOf, fullText, namedColumn, type Column, type NamedText, type Table } from '../table';
import { counted, grouped, type Notice } from '../../text/notice';
import {
  classColors,
  countsOf,
  labelColumnsOf,
  isLeakProfile,
  stateClasses,
  type SelectedGoroutines,
} from './labelColumns';
import { classText, Groups, mostText, tally, type GroupOptions, type Tally } from './groups';
import { creatorText, missingKeys } from './goroutines';
import { compareIds } from './survivors';
import { blockedWeight, leakScore, type LeakScore } from './score';
import { Signatures } from './signatures';

export interface HistoryOptions extends GroupOptions {
  /** Of the innermost call of a signature: true for goroutines that are known to stay without being a leak. */
  readonly isBenign: Pattern;
}

export type HistoryView = 'leaks' | 'leakSeries' | 'states';

/** Rows of the table and series of the graph; those that look most like a leak stay. */
const maxRows = 500;
const maxSeries = 20;
/** Score from which a signature is suspected: a goroutine that comes and goes scores a part of one. */
const suspicious = 1;
/** Signatures that are followed: what a file of nothing but distinct stacks could otherwise fill the memory with. */
const maxGroups = 50_000;

/** A signature over the captures. */
interface Row {
  readonly group: number;
  /** Goroutines in each capture. */
  readonly counts: readonly number[];
  readonly score: LeakScore;
  readonly isBenign: boolean;
  readonly firstSeen: number;
  readonly verdict: Verdict;
}

/** Whether the runtime's leak detector found it; – where it was not asked since the goroutine is there. */
type Verdict = 'yes' | 'no' | '–';

/** What the latest capture that had a signature says of it. */
interface Latest {
  readonly state: string;
  readonly classes: string;
  readonly creator: NamedText;
  /** Row of `full`: one of its stacks. */
  readonly stack: number;
  /** Row of `check`. */
  readonly check: number;
}

/**
 * The goroutines of one process over its captures. One capture is added at a time and only counts are kept, so any number
 * of captures fits in memory. Profiles of the runtime's leak detector are not counted, they say which signatures it found.
 */
export class GoroutineHistory {
  private readonly groups: Groups;
  /** All calls of a stack, for what is shown of one. */
  private readonly full = new Signatures({ collapseStd: false, signature: 'lines' });
  /** By what leak profiles are compared: their calls of the runtime are not those of a dump. */
  private readonly check: Signatures;
  private times: number[] = [];
  private totals: number[] = [];
  private classTotals: number[][] = [];
  /** What of `classTotals` would be of another class without the runtime's leak marks: by class, and how many are marked. */
  private unmarked: Array<{ readonly moves: readonly number[]; readonly marked: number }> = [];
  /** By row of the groups: counts up to the last capture that had it. */
  private counts: number[][] = [];
  private readonly latest: Latest[] = [];
  private readonly marked = new Set<number>();
  private previous: Profile | undefined;
  /** Captures of an earlier process of the same name, and the time (Unix ms) of the first one after the last restart. */
  private restart = { captures: 0, before: 0 };
  /** Rows of `check` that a leak profile has. */
  private readonly found = new Set<number>();
  private leakTimes: number[] = [];
  private last: { tally: Tally; medianWait: Float64Array; hasWaits: boolean } | undefined;
  private dropped = 0;
  private added = 0;
  private readonly notices = new Map<string, { notice: Notice; captures: number }>();
  private readonly missing = new Map<string, Notice>();

  constructor(
    private readonly view: HistoryView,
    private readonly options: HistoryOptions
  ) {
    this.groups = new Groups(options);
    this.check = new Signatures({ collapseStd: true, signature: options.signature });
  }

  /** @param time Unix ms; captures come in the order of time */
  add({ prepared: { profile, notices }, whole }: SelectedGoroutines, time: number): void {
    countsOf(profile);
    this.added++;
    // What is inferred of a leak profile is not shown.
    for (const notice of isLeakProfile(profile) ? notices.filter(({ severity }) => severity !== 'info') : notices) {
      const known = this.notices.get(notice.text);
      this.notices.set(notice.text, { notice, captures: (known?.captures ?? 0) + 1 });
    }
    const check = this.check.ofStacks(profile).signature;
    if (isLeakProfile(profile)) {
      this.leakTimes.push(time);
      profile.sample.stack.forEach((stack) => this.found.add(check[stack]));
      return;
    }
    this.startAfresh(whole, time);
    const at = this.times.length;
    const group = this.groups.ofSamples(profile);
    const { length } = this.groups;
    const added = tally(profile, group, length);
    const full = this.full.ofStacks(profile).signature;
    for (let g = 0; g < length; g++) {
      if (added.count[g] === 0) {
        continue;
      }
      if (g >= maxGroups) {
        this.dropped += added.count[g];
        continue;
      }
      const counts = (this.counts[g] ??= []);
      while (counts.length < at) {
        counts.push(0);
      }
      counts.push(added.count[g]);
      const stack = profile.sample.stack[added.first[g]];
      this.latest[g] = {
        state: mostText(added.state, g, profile.strings),
        classes: classText(added.classes, g),
        creator: creatorText(profile, added, g),
        stack: full[stack],
        check: check[stack],
      };
      if (added.leaked[g] > 0) {
        this.marked.add(g);
      }
    }
    this.times.push(time);
    this.totals.push(added.total);
    this.classTotals.push(added.classes.map((column) => column.reduce((sum, n) => sum + n, 0)));
    this.unmarked.push(withoutMarks(profile));
    this.last = {
      tally: added,
      medianWait: medianWaits(profile, group, length),
      hasWaits: labelColumnsOf(profile).hasWaits,
    };
    for (const notice of missingKeys(this.groups.keys, profile)) {
      this.missing.set(notice.text, notice);
    }
  }

  /**
   * A container that was killed starts again under the name of its pod, and its goroutines are others: what was counted
   * before is no history of theirs. Told by ids of the whole dump: a filter may leave out those that tell.
   */
  private startAfresh(whole: Profile, time: number): void {
    if (this.previous && compareIds(whole, this.previous).isRestart) {
      this.restart = { captures: this.restart.captures + this.times.length, before: time };
      // What states there were is a question about the service, whose restarts are part of the answer.
      if (this.view !== 'states') {
        this.times = [];
        this.totals = [];
        this.classTotals = [];
        this.unmarked = [];
        this.counts = [];
        this.leakTimes = [];
        this.marked.clear();
        this.found.clear();
      }
    }
    this.previous = whole;
  }

  finish(): readonly Table[] {
    if (this.times.length === 0) {
      const text =
        'There is no goroutine profile or dump of this process in the time range' +
        (this.leakTimes.length > 0 ? ', only what the leak detector found. Choose the profile "goroutine".' : '.');
      return [{ name: this.view, length: 0, columns: [], notices: [{ severity: 'warning', text }] }];
    }
    switch (this.view) {
      case 'leaks':
        return [this.leaks()];
      case 'leakSeries':
        return [this.leakSeries()];
      case 'states':
        return [this.states()];
    }
  }

  /** Signatures by how much they look like a leak, those that are known as benign last. */
  private ranked(): Row[] {
    const { last, times } = this;
    const rows = this.counts.flatMap((own, group) => {
      const counts = times.map((_, i) => own[i] ?? 0);
      const medianWait = last && group < last.medianWait.length ? last.medianWait[group] : NaN;
      const score = leakScore(counts, { medianWait, blocked: last ? blockedShare(last.tally, group) : 0 });
      const isBenign = this.options.isBenign(this.groups.signatures.top(this.groups.signatureOf(group)));
      const firstSeen = times[counts.findIndex((count) => count > 0)];
      return [{ group, counts, score, isBenign, firstSeen, verdict: this.verdict(group, firstSeen) }];
    });
    // What the runtime has proved is no opinion of a list.
    const isLast = ({ isBenign, verdict }: Row) => Number(isBenign && verdict !== 'yes');
    return rows.sort(
      (a, b) =>
        isLast(a) - isLast(b) ||
        b.score.score - a.score.score ||
        Number(b.verdict === 'yes') - Number(a.verdict === 'yes') ||
        b.score.growth - a.score.growth ||
        b.counts[b.counts.length - 1] - a.counts[a.counts.length - 1] ||
        a.group - b.group
    );
  }

  /**
   * Columns: signature, a column for each label that is grouped by, score, last, growth (last less first), over time,
   * found by the runtime (yes; no; – where no leak profile has been taken since it was there), known benign, state class,
   * state, creator, steady, median wait, blocked, growth per hour, first, first seen, stack.
   */
  private leaks(): Table {
    const { times, groups } = this;
    const all = this.ranked();
    const rows = all.slice(0, maxRows);
    const lastTime = times[times.length - 1];
    const { number, text } = columnsOf(rows);
    return {
      name: 'leaks',
      length: rows.length,
      columns: [
        namedColumn(
          'signature',
          rows.map(({ group }) => groups.text(group)),
          { code: groups.codeOf(rows.map(({ group }) => group)) }
        ),
        ...groups.keys.map((key, k) => text(key, ({ group }) => groups.splitOf(group)[k])),
        number('score', 'count', ({ score }) => score.score),
        number('last', 'count', ({ counts }) => counts[counts.length - 1]),
        number('growth', 'count', ({ counts }) => counts[counts.length - 1] - counts[0]),
        { name: 'over time', kind: 'series', values: rows.map(({ counts }) => counts), times },
        text('found by the runtime', ({ verdict }) => verdict),
        text('known benign', ({ isBenign }) => (isBenign ? 'yes' : 'no')),
        text('state class', ({ group }) => this.latest[group].classes),
        text('state', ({ group }) => this.latest[group].state),
        ...(rows.some(({ group }) => fullText(this.latest[group].creator) !== '')
          ? [
              namedColumn(
                'creator',
                rows.map(({ group }) => this.latest[group].creator),
                { isAside: true }
              ),
            ]
          : []),
        number('steady', 'percent', ({ score }) => 100 * score.steady),
        ...(this.last?.hasWaits
          ? [number('median wait', 'minutes', ({ group }) => finite(this.last?.medianWait[group]))]
          : []),
        number('blocked', 'percent', ({ score }) => 100 * score.blocked),
        number('growth per hour', 'count', ({ counts, firstSeen }) => {
          const hours = (lastTime - firstSeen) / 3_600_000;
          return hours > 0 ? (counts[counts.length - 1] - counts[0]) / hours : NaN;
        }),
        number('first', 'count', ({ counts }) => counts[0]),
        { name: 'first seen', kind: 'time', values: rows.map(({ firstSeen }) => firstSeen) },
        text('stack', ({ group }) => this.full.stack(this.latest[group].stack), { isLong: true }),
      ],
      notices: [
        this.summary(),
        ...this.fewNotice(),
        {
          severity: 'info',
          text:
            'The score is a heuristic, in goroutines: growth × how steadily it grows × how long they wait × how many of them ' +
            'are blocked.' +
            (this.last?.hasWaits ? '' : ' This format says no waits: they are left out of it.'),
        },
        this.leakNotice(),
        ...benignNotice(all),
        ...this.otherNotices(),
        ...(all.length > rows.length
          ? [
              {
                severity: 'info' as const,
                text: `Shown: the first ${maxRows} of ${grouped(all.length)} signatures.`,
              },
            ]
          : []),
      ],
    };
  }

  /** Columns: time, and the count of each signature that looks like a leak, named by it; where none does, of the largest. */
  private leakSeries(): Table {
    const ranked = this.ranked().filter(({ isBenign }) => !isBenign);
    const leaks = ranked.filter(({ score }) => score.score >= suspicious);
    const shown = (leaks.length > 0 ? leaks : ranked).slice(0, maxSeries);
    const names = distinct(shown.map(({ group }) => this.seriesName(group)));
    const left = leaks.length - shown.length;
    return {
      name: 'leakSeries',
      length: this.times.length,
      columns: [
        { name: 'time', kind: 'time', values: this.times },
        ...shown.map(({ group, counts }, i): Column => ({
          name: 'goroutines',
          kind: 'number',
          unit: 'count',
          values: counts,
          label: names[i],
          namedLabel: [this.groups.text(group)],
          labels: {
            signature: names[i],
            ...Object.fromEntries(this.groups.keys.map((key, k) => [key, this.groups.splitOf(group)[k]])),
          },
        })),
      ],
      notices: [
        this.summary(),
        ...this.fewNotice(),
        ...(leaks.length === 0
          ? [{ severity: 'info' as const, text: 'No signature looks like a leak: the largest are shown.' }]
          : []),
        ...(left > 0
          ? [{ severity: 'info' as const, text: `Shown: the first ${maxSeries} signatures; ${left} others grow too.` }]
          : []),
        ...this.otherNotices(),
      ],
    };
  }

  /**
   * Columns: time, and the count of each class of states that there is. One classification for all captures: the runtime
   * marks what it found leaked only after its detector ran, so where some captures have marks and others none, a class by
   * marks would jump where nothing happened.
   */
  private states(): Table {
    const withMarks = this.unmarked.filter(({ marked }) => marked > 0);
    const byState = withMarks.length > 0 && withMarks.length < this.times.length;
    const classTotals = byState
      ? this.classTotals.map((totals, i) => totals.map((total, c) => total + this.unmarked[i].moves[c]))
      : this.classTotals;
    return {
      name: 'states',
      length: this.times.length,
      columns: [
        { name: 'time', kind: 'time', values: this.times },
        ...stateClasses.flatMap((name, c): Column[] => {
          const values = classTotals.map((totals) => totals[c]);
          return values.some((value) => value > 0)
            ? [
                {
                  name,
                  kind: 'number',
                  unit: 'count',
                  values,
                  labels: { state_class: name },
                  label: name,
                  color: classColors[name],
                },
              ]
            : [];
        }),
      ],
      notices: [
        this.summary(),
        ...(withMarks.length > 0
          ? [marksNotice(withMarks.length, this.times.length, withMarks.at(-1)?.marked ?? 0)]
          : []),
        ...this.otherNotices(),
      ],
    };
  }

  private seriesName(group: number): string {
    const split = this.groups.splitOf(group).filter((value) => value !== '');
    return [fullText(this.groups.text(group)), ...split].join(' ');
  }

  private verdict(group: number, since: number): Verdict {
    if (this.marked.has(group) || this.found.has(this.latest[group].check)) {
      return 'yes';
    }
    return this.leakTimes.some((time) => time >= since) ? 'no' : '–';
  }

  private summary(): Notice {
    const { times, totals } = this;
    const span = (times[times.length - 1] - times[0]) / 60_000;
    const text =
      times.length === 1
        ? `One capture: ${counted(totals[0], 'goroutine')}.`
        : `${grouped(times.length)} captures over ${span.toFixed(1)} min: from ${grouped(totals[0])} to ${counted(totals[totals.length - 1], 'goroutine')}.`;
    return { severity: 'info', text };
  }

  private fewNotice(): Notice[] {
    return this.times.length >= 3
      ? []
      : [
          {
            severity: 'warning',
            text: `Growth over fewer than three captures says nothing, so no signature has a score; there ${this.times.length === 1 ? 'is one' : 'are two'} in this time range. Widen it.`,
          },
        ];
  }

  private leakNotice(): Notice {
    const { length } = this.leakTimes;
    return {
      severity: 'info',
      text:
        length > 0
          ? `Checked against ${length} goroutineleak capture${length > 1 ? 's' : ''}. It finds what can be proved: what waits for something that is still reachable, such as a global or a timer, is not found.`
          : this.marked.size > 0
            ? 'Goroutines that the runtime found leaked are marked in the dumps; there is no goroutineleak capture besides.'
            : 'There is no goroutineleak capture of this process to check against (Go 1.26: /debug/pprof/goroutineleak).',
    };
  }

  /** What decoders and filters said of the captures, once each, and what was left out here. */
  private otherNotices(): Notice[] {
    const all = this.added;
    const said = [...this.notices.values()].map(({ notice, captures }): Notice => ({
      ...notice,
      text: captures === all ? notice.text : `In ${captures} of ${all} captures: ${notice.text}`,
    }));
    const dropped: Notice[] =
      this.dropped === 0
        ? []
        : [
            {
              severity: 'warning',
              text: `There are more than ${grouped(maxGroups)} signatures; ${grouped(this.dropped)} goroutines of others are left out, over all captures. Filter, or tell signatures apart by functions.`,
            },
          ];
    const limit = 10;
    const more: Notice[] =
      said.length > limit
        ? [{ severity: 'info', text: `${said.length - limit} other notices of single captures are left out.` }]
        : [];
    const { captures, before } = this.restart;
    const restarted: Notice[] =
      captures === 0
        ? []
        : [
            {
              severity: 'info',
              text:
                `The process was restarted before ${new Date(before).toISOString().slice(0, 19)}Z: an id of a goroutine is of another one there.` +
                (this.view === 'states' ? '' : ` ${captures} earlier captures are left out.`),
            },
          ];
    return [...restarted, ...said.slice(0, limit), ...more, ...dropped, ...this.missing.values()];
  }
}

const finite = (value: number | undefined): number => (value === undefined || value === Infinity ? NaN : value);

function blockedShare({ count, classes }: Tally, group: number): number {
  if (group >= count.length || count[group] === 0) {
    return 0;
  }
  const blocked = stateClasses.reduce((sum, name, c) => sum + blockedWeight[name] * classes[c][group], 0);
  return blocked / count[group];
}

/**
 * By group: the wait that half of its goroutines have reached, in minutes. One that the runtime found leaked waits for
 * ever. NaN where no wait is known.
 */
function medianWaits(profile: Profile, group: Uint32Array, length: number): Float64Array {
  const { labelSet } = profile.sample;
  const { minutes, isLeaked } = labelColumnsOf(profile);
  const counts = countsOf(profile);
  const waitOf = (i: number) => (isLeaked[labelSet[i]] === 1 ? Infinity : minutes[labelSet[i]]);
  // Formats that count have no waits, and those with waits have one sample for each goroutine.
  const offset = new Uint32Array(length + 1);
  for (let i = 0; i < group.length; i++) {
    offset[group[i] + 1] += counts[i] > 0 && !Number.isNaN(waitOf(i)) ? 1 : 0;
  }
  for (let g = 0; g < length; g++) {
    offset[g + 1] += offset[g];
  }
  const waits = new Float64Array(offset[length]);
  const free = offset.slice();
  for (let i = 0; i < group.length; i++) {
    if (counts[i] > 0 && !Number.isNaN(waitOf(i))) {
      waits[free[group[i]]++] = waitOf(i);
    }
  }
  return Float64Array.from({ length }, (_, g) => {
    const own = waits.subarray(offset[g], offset[g + 1]).sort();
    return own.length === 0 ? NaN : own[own.length >> 1];
  });
}

/** How goroutines that the runtime found leaked are counted in a history. @param last how many it marked last */
function marksNotice(withMarks: number, captures: number, last: number): Notice {
  const text =
    withMarks === captures
      ? 'Goroutines that the runtime found leaked count as stuck.'
      : `The runtime's leak marks are in ${withMarks} of the ${captures} captures only, so in all of them goroutines count by their ` +
        `state: the ${grouped(last)} that it marked last are not shown as stuck. The view Leaks has them.`;
  return { severity: 'info', text };
}

/** How goroutines that the runtime marked as leaked would count by their state alone. */
function withoutMarks(profile: Profile): { moves: readonly number[]; marked: number } {
  const { sample, strings } = profile;
  const counts = countsOf(profile);
  const labelColumns = labelColumnsOf(profile);
  const moves = stateClasses.map(() => 0);
  let marked = 0;
  for (let i = 0; i < sample.length; i++) {
    const set = sample.labelSet[i];
    if (labelColumns.isLeaked[set] === 1) {
      moves[labelColumns.stateClass[set]] -= counts[i];
      moves[stateClasses.indexOf(stateClass(strings[labelColumns.state[set]]))] += counts[i];
      marked += counts[i];
    }
  }
  return { moves, marked };
}

function benignNotice(all: readonly Row[]): Notice[] {
  const benign = all.filter(({ isBenign }) => isBenign);
  if (benign.length === 0) {
    return [];
  }
  const grown = benign.filter(({ score }) => score.score >= suspicious).length;
  return [
    {
      severity: 'info',
      text: `${benign.length} signature${benign.length > 1 ? 's' : ''} known as benign come${benign.length > 1 ? '' : 's'} last${grown > 0 ? `, though ${grown} of them grew` : ''}.`,
    },
  ];
}

/** Texts with ` #2`, ` #3` behind those that are there already. */
function distinct(texts: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return texts.map((text) => {
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return count === 1 ? text : `${text} #${count}`;
  });
}

const ofLeaks = ['groupBy', 'benign', 'fullNames'] as const;

export const leaksView = processView({
  name: 'leaks',
  title: 'Leaks',
  description: 'goroutines that grow over the captures of a process',
  group: 'Goroutines',
  opens: 'process',
  base: 'none',
  panel: 'table',
  fields: ofLeaks,
  reports: [],
  isOfGoroutines: true,
  collect: (query) => new GoroutineHistory('leaks', { ...query, isBenign: benignPattern(query.benign) }),
});

export const leakSeriesView = processView({
  name: 'leakSeries',
  title: 'Leaks over time',
  description: 'the same as a series per stack',
  group: 'Goroutines',
  opens: 'process',
  base: 'none',
  panel: 'graph',
  fields: ofLeaks,
  reports: [],
  isOfGoroutines: true,
  collect: (query) => new GoroutineHistory('leakSeries', { ...query, isBenign: benignPattern(query.benign) }),
});

export const statesView = processView({
  name: 'states',
  title: 'States over time',
  description: 'goroutines of a process by class of state',
  group: 'Goroutines',
  opens: 'process',
  base: 'none',
  panel: 'graph',
  fields: [],
  reports: [],
  isOfGoroutines: true,
  // It counts by class of state, whatever their signatures.
  collect: () =>
    new GoroutineHistory('states', { collapseStd: true, signature: 'functions', groupBy: '', isBenign: () => false }),
});

/** @throws InputError naming the line that does not compile */
function benignPattern(text: string): Pattern {
  const patterns = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => compilePattern(`known benign "${line}"`, line));
  return (name) => patterns.some((matches) => matches(name));
}
