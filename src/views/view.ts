import type { Capture } from '../captures/capture';
import type { MemoryMeta } from '../captures/meta';
import type { FieldName, QueryFields } from '../fields/fields';
import type { fieldsOfBase, fieldsOfOpening } from './viewFields';
import type { Profile } from '../profile/profile';
import type { CaptureOrigin } from './fleet/origin';
import type { SelectedGoroutines } from './goroutines/labelColumns';
import type { Prepared } from './preparedProfile';
import type { Table } from './table';
import type { OpenedTrace } from './trace/openedTrace';

/**
 * A view is one module that says all there is to know of it, and one line in the table of views (query/views.ts for those
 * that open profiles, query/keyViews.ts for those that come from keys). Whatever lists, runs, draws or documents views reads
 * the table: the parser of queries, `run`, the shell, the editor, the command line, the help page, and the test of README.md.
 */
export type View = ReportView | GoroutineView | ProcessView | FleetView | MemoryView | EventView | TraceView | KeyView;

export const viewGroups = [
  'Profile',
  'Compare',
  'Over time',
  'Fleet',
  'Goroutines',
  'Execution trace',
  'Captures',
] as const;
export type ViewGroup = (typeof viewGroups)[number];

/** Grafana's panel that draws a view. `annotations` and `exemplars` are drawn over a panel of metrics, and are
 * rows in Explore. */
export type Panel =
  | 'flamegraph'
  | 'table'
  | 'nodeGraph'
  | 'graph'
  | 'annotations'
  | 'exemplars'
  | 'histogram'
  | 'xyChart'
  | 'stateTimeline'
  | 'trace';

/**
 * What a base is to a view: nothing; samples below zero, as pprof's reports have it; a second value beside the first; that,
 * and without a base there is nothing to show; or other goroutines, compared by signature and id.
 */
export type BaseUse = keyof typeof fieldsOfBase;

/**
 * What a view is made of: captures of one choice, merged; the same as goroutines; all captures of a process, one after the
 * other; captures of many processes, one after the other; a heap capture and its meta.json; meta.json alone; the events of one execution trace; keys alone.
 */
export type Opens = keyof typeof fieldsOfOpening;

/** What a view says of itself, as plain data. */
export interface ViewInfo<
  O extends Opens = Opens,
  N extends string = string,
  B extends BaseUse = BaseUse,
  F extends FieldName = FieldName,
> {
  /** As stored queries and links have it. */
  readonly name: N;
  /** In the editor's list. */
  readonly title: string;
  /** Beside the title, in few words: begins small, no full stop. */
  readonly description: string;
  readonly group: ViewGroup;
  readonly opens: O;
  readonly base: B;
  readonly panel: Panel;
  /** What it uses of a query beside the fields of all views that open the same, and those of its use of a base. */
  readonly fields: readonly F[];
  /** Of a view over a process: it counts goroutines, of which the runtime's leak detector may say which are leaks. */
  readonly isOfGoroutines?: boolean;
  /** Names of the report in `go tool pprof`; the first is printed. */
  readonly reports: readonly string[];
}

/** The fields of a query that a view of this kind is given. */
export type FieldsOf<O extends Opens, B extends BaseUse, F extends FieldName> =
  (typeof fieldsOfOpening)[O][number] | (typeof fieldsOfBase)[B][number] | F;

/** The query of a view: it has no field that the view does not use. */
export type ViewQuery<O extends Opens, N extends string, B extends BaseUse, F extends FieldName> = {
  readonly view: N;
  readonly opens: O;
  /** Of a view that opens profiles what filters samples; see QueryFields. */
  readonly selector: string;
  /** Set where the settings have links to code, never stored: columns of names say where their code is. */
  readonly withCode?: boolean;
} & Pick<QueryFields, FieldsOf<O, B, F>>;

/** Of one profile, as a report of pprof is. A view is one table; sandwich and graph are two. */
export interface ReportView<
  N extends string = string,
  B extends BaseUse = BaseUse,
  F extends FieldName = FieldName,
> extends ViewInfo<'profile', N, B, F> {
  tables(prepared: Prepared, query: ViewQuery<'profile', N, B, F>): readonly Table[];
}

/** Of goroutines. Their base is not paired with them sample by sample. */
export interface GoroutineView<
  N extends string = string,
  B extends BaseUse = BaseUse,
  F extends FieldName = FieldName,
> extends ViewInfo<'goroutines', N, B, F> {
  /** @param isSameProcess as far as keys say, the base is of the same process: only then ids are compared */
  tables(
    now: SelectedGoroutines,
    base: SelectedGoroutines | undefined,
    query: ViewQuery<'goroutines', N, B, F>,
    isSameProcess: boolean
  ): readonly Table[];
}

/** Takes the captures of a process one at a time, in the order of time, so that any number of them fits in memory. */
export interface CaptureCollector {
  /** @param time Unix ms */
  add(capture: SelectedGoroutines, time: number): void;
  finish(): readonly Table[];
}

/** Over all captures of one process. */
export interface ProcessView<N extends string = string, F extends FieldName = FieldName> extends ViewInfo<
  'process',
  N,
  'none',
  F
> {
  readonly isOfGoroutines: boolean;
  collect(query: ViewQuery<'process', N, 'none', F>): CaptureCollector;
}

/** Takes captures of many processes one at a time, in any order, so that any number of them fits in memory. */
export interface FleetCollector {
  add(prepared: Prepared, origin: CaptureOrigin): void;
  finish(): readonly Table[];
}

/**
 * Over captures of many processes, of which the labels of their keys say which they are. A view that uses the field `capture`
 * is given that choice of each process, another one all captures of the range.
 */
export interface FleetView<N extends string = string, F extends FieldName = FieldName> extends ViewInfo<
  'fleet',
  N,
  'none',
  F
> {
  collect(query: ViewQuery<'fleet', N, 'none', F>): FleetCollector;
}

/** Of a heap and what its meta.json says of the process's memory, undefined where there is none. */
export interface MemoryView<N extends string = string> extends ViewInfo<'memory', N, 'none', never> {
  tables(meta: MemoryMeta | undefined, profile: Profile): readonly Table[];
}

/** Of the chosen captures, of which meta.json is read where the bucket has one. */
export interface EventView<N extends string = string> extends ViewInfo<'meta', N, 'none', never> {
  /**
   * @param why how they were chosen, in few words
   * @param heapAge ms from the last garbage collection to the capture, undefined where nothing says so
   */
  tables(captures: readonly Capture[], why: string, heapAge?: number): readonly Table[];
}

/** Of one execution trace: goroutines, ranges, tasks and what the runtime counted, within the time range. */
export interface TraceView<N extends string = string, F extends FieldName = FieldName> extends ViewInfo<
  'trace',
  N,
  'none',
  F
> {
  readonly panel: Exclude<Panel, 'flamegraph' | 'exemplars'>;
  tables(trace: OpenedTrace, query: ViewQuery<'trace', N, 'none', F>): readonly Table[];
}

/** What a view that comes from keys alone is made of. */
export interface ListedCaptures {
  /** Those of the range that match, by rising time. */
  readonly captures: readonly Capture[];
  /** Those that panels with the same choice of captures show. */
  readonly shown: ReadonlySet<Capture>;
  /** Of archives the profiles inside, as a text. */
  readonly inside?: ReadonlyMap<Capture, string>;
}

/** From keys alone: no object is read. */
export interface KeyView<N extends string = string, F extends FieldName = FieldName> extends ViewInfo<
  'keys',
  N,
  'none',
  F
> {
  readonly panel: Extract<Panel, 'table' | 'graph' | 'annotations' | 'exemplars'>;
  tables(listed: ListedCaptures, query: ViewQuery<'keys', N, 'none', F>): readonly Table[];
}

// Each of these only gives a view its exact type: the query that its computation is given follows from its fields.

export const reportView = <const N extends string, const B extends BaseUse, const F extends FieldName>(
  view: ReportView<N, B, F>
) => view;

export const goroutineView = <const N extends string, const B extends BaseUse, const F extends FieldName>(
  view: GoroutineView<N, B, F>
) => view;

export const processView = <const N extends string, const F extends FieldName>(view: ProcessView<N, F>) => view;

export const fleetView = <const N extends string, const F extends FieldName>(view: FleetView<N, F>) => view;

export const memoryView = <const N extends string>(view: MemoryView<N>) => view;

export const eventView = <const N extends string>(view: EventView<N>) => view;

export const traceView = <const N extends string, const F extends FieldName>(view: TraceView<N, F>) => view;

export const keyView = <const N extends string, const F extends FieldName>(view: KeyView<N, F>) => view;
