import type { DataFrame, PreferredVisualisationType } from '@grafana/data';
import { chooseBase, noBase } from './captures/chooseBase';
import type { Bucket } from './captures/bucket';
import type { Choice } from './captures/chooseCaptures';
import { listCaptures, type Range } from './captures/listing';
import type { drawFlameOf, DrawFlame } from './frames/flame';
import { emptyFlame, toFrame } from './frames/frames';
import { saidRows, saidSeries, type SaidOptions } from './frames/said';
import { capturesLink, rangeLink, type LinkContext } from './frames/links';
import { seriesFrames } from './frames/timeSeries';
import type { CodeLinks } from './codeLinks';
import type { Pyroscope } from './pyroscope';
import { failedNotice, findSources, loadFrom, ofSamples, sourceIn } from './worker/sources';
import { inWindow, readSourceKey } from './worker/sourceKey';
import { sampleMatchers } from './captures/keyMatchers';
import { listOrExplain, openedCaptures, processCaptures } from './captures/opened';
import { openedAround } from './captures/traceCaptures';
import { withLeakCaptures } from './captures/leakCaptures';
import { printCommand } from './query/printCommand';
import {
  defaultQuery,
  infoOf,
  isFlameView,
  type KeyQuery,
  type MemoryQuery,
  type MetaQuery,
  type CollectedQuery,
  type Query,
  type ProfileQuery,
  type RunQuery,
  type StoredQuery,
  type TraceQuery,
} from './query/query';
import { viewInfos } from './query/viewInfos';
import type { SourceSettings } from './query/sourceLinks';
import type { Capture } from './captures/capture';
import type { Table } from './views/table';
import { grouped, InputError, type Notice } from './text/notice';
import { sampleNotice, spreadOrder } from './captures/sample';
import type { WorkerClient } from './worker/client';
import { messageOf, type Opening } from './worker/holding';
import type { AnswerError } from './worker/transport';

export interface QueryContext {
  readonly bucket: Bucket;
  readonly worker: WorkerClient;
  /** Undefined where the settings have none. */
  readonly pyroscope?: Pyroscope;
  readonly links: LinkContext;
  /** How links to code are made, undefined for none. */
  readonly source?: SourceSettings;
  readonly refId: string;
  /** Grafana's, for times in pictures. */
  readonly timeZone?: string;
  readonly range: Range;
  /** Explore has no panel to draw marks on: it shows their rows. */
  readonly isExplore: boolean;
}

/** Frames so far: while captures load, how far that is; at the end the result. */
type Emit = (frames: DataFrame[]) => void;

/**
 * One query: list → choose → fetch and decode → frames.
 * @throws Error where nothing can be shown at all
 */
export async function runQuery(context: QueryContext, query: Query, signal: AbortSignal, emit: Emit): Promise<void> {
  const soon = isFlameView(query)
    ? loadFlame()
    : query.opens === 'keys' || query.opens === 'meta'
      ? loadKeys()
      : query.opens === 'trace'
        ? loadTraceFrames()
        : undefined;
  soon?.catch(() => undefined); // Asked for again where it is needed, which says why it cannot be loaded.
  emit(
    await framesOf(context, query, signal, emit).catch((reason: AnswerError) => {
      if (reason.isNothing) {
        return nothing(context, query, { captures: [], notices: [{ severity: 'warning', text: reason.message }] });
      }
      throw reason;
    })
  );
}

function framesOf(context: QueryContext, query: Query, signal: AbortSignal, emit: Emit): Promise<DataFrame[]> {
  switch (query.opens) {
    case 'keys':
      return showKeys(context, query, signal, emit);
    case 'meta':
      return showMeta(context, query, signal);
    case 'memory':
      return showMemory(context, query, signal, emit);
    case 'trace':
      return showTrace(context, query, signal, emit);
    case 'fleet':
    case 'process':
      return showCollected(context, query, signal, emit);
    case 'profile':
    case 'goroutines':
      return showProfile(context, query, signal, emit);
  }
}

/** Where nothing is chosen, the frames that say why. */
const nothing = async (context: QueryContext, query: Query, chosen: Choice): Promise<DataFrame[]> => [
  emptyFrame(query, { ...context, draw: await drawOf(query) }, chosen),
];

async function showKeys(context: QueryContext, query: KeyQuery, signal: AbortSignal, emit: Emit): Promise<DataFrame[]> {
  const { bucket, range } = context;
  const isOver = isOverPanel(query, context);
  const listing = await (isOver ? listCaptures : listOrExplain)(bucket, query.selector, range, signal);
  const { keyFrames } = await loadKeys();
  const frames = await keyFrames(listing, query, context, signal, emit);
  const isEmpty = frames.every(({ length }) => length === 0);
  const notices = frames.flatMap(({ meta }) => meta?.notices ?? []);
  return isEmpty && !isOver ? [emptyFrame(query, context, { ...listing, notices })] : frames;
}

async function showMeta(context: QueryContext, query: MetaQuery, signal: AbortSignal): Promise<DataFrame[]> {
  const chosen = await openedCaptures(context.bucket, query, context.range, signal);
  if (chosen.captures.length === 0) {
    return nothing(context, query, chosen);
  }
  const { eventFrames } = await loadKeys();
  return eventFrames(chosen, query, context, signal);
}

/** Views of keys and meta.json: a chunk of its own. It loads while captures are listed. */
const loadKeys = () => import(/* webpackChunkName: "keys" */ './keyFrames');

/** With what draws flame graphs, where the view is one. */
interface DrawContext extends QueryContext {
  readonly draw?: DrawFlame;
}

/** What only flame graphs need is a chunk of its own. It loads while captures are listed. */
const loadFlame = () => import(/* webpackChunkName: "flame" */ './frames/flame');

/** Draws flame graphs, with a root that says of which captures they are; undefined for other views. */
const drawOf = async (
  query: Query,
  ...captures: Parameters<typeof drawFlameOf> | []
): Promise<DrawFlame | undefined> => (isFlameView(query) ? (await loadFlame()).drawFlameOf(...captures) : undefined);

async function showProfile(
  context: QueryContext,
  query: RunQuery,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  if ('readFrom' in query && query.readFrom === 'pyroscope') {
    return showMerged(context, query, signal, emit);
  }
  const { bucket, range, timeZone } = context;
  const chosen = await openedAround(bucket, query, range, signal);
  const { captures } = chosen;
  if (captures.length === 0) {
    return nothing(context, query, chosen);
  }
  const base = 'base' in query ? await chooseBase({ bucket, query, captures, range, signal }) : noBase;
  if (base.captures.length === 0 && comparesAlways(query)) {
    const notices = query.base === '' ? [{ severity: 'warning', text: 'Choose a base to compare with.' } as const] : [];
    return nothing(context, query, { captures, notices: [...chosen.notices, ...base.notices, ...notices] });
  }
  const draw = await drawOf(query, { captures, base: base.captures, timeZone, end: range.to });
  return showOpened({ ...context, draw }, query, chosen, base, signal, emit);
}

/** What only queries of Pyroscope need is a chunk of its own. */
const loadPyroscope = () => import(/* webpackChunkName: "pyroscope" */ './pyroscopeSources');

/** Profiles of a fleet that Pyroscope has merged: of the bucket nothing is listed. */
async function showMerged(
  context: QueryContext,
  query: ProfileQuery,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { pyroscope, worker, range } = context;
  if (!pyroscope) {
    throw new InputError('The query is for Pyroscope, of which the settings of the data source have no address.');
  }
  const { pyroscopeSources } = await loadPyroscope();
  const { sources, load, notices } = await pyroscopeSources(pyroscope, query, range, signal);
  const draw = await drawOf(query);
  // It has chosen the labels and the sample type already.
  const asked = { ...query, selector: '', sampleIndex: '' };
  const opening = { ...openingOf({ ...context, draw }, query, 1, signal, emit), load };
  const { tables } = await worker.run(asked, sources, opening);
  const frames = tables.map((table, i) => frameOf(table, query, { ...context, draw }, i === 0 ? notices : []));
  if (infoOf(query).panel === 'table') {
    // What it does not keep, the bucket has.
    const links = capturesLink(context.links, query.selector, range);
    frames.forEach(({ fields: [first] }) => (first.config.links = links));
  }
  return frames;
}

/** Whether a query has nothing to show without a base: a table or a drawing of changes. */
const comparesAlways = (query: RunQuery): query is Extract<RunQuery, { base: unknown }> =>
  infoOf(query).base === 'required' || ('drawing' in query && query.drawing !== 'all' && query.base !== '');

async function showOpened(
  context: DrawContext,
  query: RunQuery,
  chosen: Choice,
  base: Choice,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker } = context;
  // What ends after some seconds ends with captures of all of the range.
  const inOrder = query.maxSeconds > 0 ? { ...chosen, captures: spreadOrder(chosen.captures) } : chosen;
  const { sources, count, notices } = await findSources(bucket, query, inOrder, base, signal);
  const opening = openingOf(context, query, count, signal, emit);
  const [{ tables, failed, left }, links] = await Promise.all([
    worker.run(withCode(ofSamples(bucket, query), context), { ...sources, range: context.range }, opening),
    openLinks(context, query, chosen.captures, signal),
  ]);
  const command = commandOf(bucket, query, chosen.captures, base.captures);
  const sampled = await sampleNotices(context, query, inOrder, base, left, opening);
  const all = [...notices, ...sampled, ...failedNotice(failed, count), ...(links?.notices ?? [])];
  return tables.map((table, i) => {
    const frame = linkedFrameOf(table, query, context, i === 0 ? all : [], links, command);
    // Explore's own flame graph draws the first frame alone; this gives another one a panel.
    const panel = i > 0 && isFlameView(query) ? 'flamegraph' : undefined;
    return panel ? { ...frame, meta: { ...frame.meta, preferredVisualisationPluginId: panel } } : frame;
  });
}

/** What a merge that is not of all captures leaves open. @param left keys of captures that were not merged, since the time was up */
async function sampleNotices(
  { bucket, worker }: QueryContext,
  query: RunQuery,
  { captures, ofAll = captures }: Choice,
  base: Choice,
  left: readonly string[],
  { signal, load }: Opening
): Promise<readonly Notice[]> {
  const isLeft = new Set(left);
  const sources = captures.map((capture) => ({ capture, source: sourceIn(bucket)(capture) }));
  const merged = sources.filter(({ source }) => !isLeft.has(source.key));
  if (merged.length === ofAll.length) {
    return [];
  }
  const late = `the query takes at most ${query.maxSeconds} s ("Most seconds")`;
  const said =
    merged.length < captures.length
      ? [
          sampleNotice(
            merged.map(({ capture }) => capture),
            captures,
            'merged',
            late
          ),
        ]
      : [];
  if (query.opens !== 'profile' || base.captures.length > 0) {
    return said;
  }
  const { sampleErrors } = await import(/* webpackChunkName: "sampleError" */ './worker/sampleError');
  const asked = ofSamples(bucket, query);
  const of = { all: ofAll.length, isMerged: left.length === 0 };
  // An answer without its error is better than none.
  const errors = await sampleErrors(worker, asked, merged, of, { signal, load }).catch(() => []);
  signal.throwIfAborted();
  return [...said, ...errors];
}

/** The command of pprof that answers the same; undefined where it reads no such file, or has no such view. */
function commandOf(
  bucket: Bucket,
  query: RunQuery,
  captures: readonly Capture[],
  base: readonly Capture[]
): string | undefined {
  const isOther = captures.some(
    ({ object, member }) => member !== undefined || /\.(txt|log|zst)(\.gz)?$/.test(object.key)
  );
  const keysOf = (some: readonly Capture[]) => some.map(({ object }) => object.key);
  return isOther || query.opens === 'goroutines'
    ? undefined
    : printCommand(
        { ...defaultQuery, ...query },
        sampleMatchers(bucket, query.selector),
        keysOf(captures),
        keysOf(base)
      );
}

/** A view over many captures: of one process, or of many. */
async function showCollected(
  context: QueryContext,
  query: CollectedQuery,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker, range } = context;
  const chosen =
    query.opens === 'fleet'
      ? await (await loadFleet()).fleetCaptures(bucket, query, range, signal)
      : await processCaptures(bucket, query, range, signal);
  if (chosen.captures.length === 0) {
    return nothing(context, query, chosen);
  }
  const captures = infoOf(query).isOfGoroutines
    ? await withLeakCaptures({ bucket, selector: query.selector, range, signal }, chosen.captures)
    : chosen.captures;
  const [{ tables, failed }, links] = await Promise.all([
    worker.processView(
      withCode(ofSamples(bucket, query), context),
      captures.map(sourceIn(bucket)),
      openingOf(context, query, captures.length, signal, emit)
    ),
    openLinks(context, query, captures, signal),
  ]);
  const all = [...chosen.notices, ...failedNotice(failed, captures.length), ...(links?.notices ?? [])];
  // A series each, where there is more than the sentence that says why there is none.
  return query.opens === 'fleet' && infoOf(query).panel === 'graph' && tables[0].length > 0
    ? seriesFrames(tables, { refId: context.refId, notices: all })
    : tables.map((table) => linkedFrameOf(table, query, context, all, links));
}

/** Few queries are over many processes. */
const loadFleet = () => import(/* webpackChunkName: "fleet" */ './captures/fleet');

/** With links to code, where there are any and the frame has rows of the table. */
function linkedFrameOf(
  table: Table,
  query: Query,
  context: DrawContext,
  notices: readonly Notice[],
  links: CodeLinks | undefined,
  executed?: string
): DataFrame {
  const frame = frameOf(table, query, context, notices, executed);
  return links && table.length > 0 ? links.link(frame, table) : frame;
}

const withCode = <Q extends Query>(query: Q, { source }: QueryContext): Q =>
  source && hasCode(query) ? { ...query, withCode: true } : query;

/** Whether a view has columns of names; panels that draw have no links. */
const hasCode = (query: Query): boolean => infoOf(query).panel === 'table';

/** Undefined where nothing links to code: what makes links is a chunk of its own, loaded where the settings have them. */
async function openLinks(
  { bucket, source }: QueryContext,
  query: Query,
  captures: readonly Capture[],
  signal: AbortSignal
): Promise<CodeLinks | undefined> {
  if (!source || !hasCode(query)) {
    return undefined;
  }
  const { openCodeLinks } = await import(/* webpackChunkName: "codeLinks" */ './codeLinks');
  return openCodeLinks(bucket, source, captures, signal);
}

async function showMemory(
  context: QueryContext,
  query: MemoryQuery,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker, range } = context;
  const chosen = await openedCaptures(bucket, query, range, signal);
  const { captures, notices, listed } = chosen;
  const heap = captures.at(-1);
  if (!heap) {
    return nothing(context, query, chosen);
  }
  const { readBundle } = await import(/* webpackChunkName: "meta" */ './captures/bundle');
  const bundle = await readBundle(bucket, heap, signal, listed);
  const said = [...notices, ...bundle.notices];
  const opening = openingOf(context, query, 1, signal, emit);
  try {
    // Without a meta.json the profile may say it: the text of a heap does.
    const tables = await worker.memory(query, bundle.meta, sourceIn(bucket)(heap), opening);
    return tables.map((table) => frameOf(table, query, context, said));
  } catch (reason) {
    signal.throwIfAborted();
    if (bundle.meta) {
      throw reason;
    }
    return [emptyFrame(query, context, { notices: [...said, { severity: 'warning', text: messageOf(reason) }] })];
  }
}

/** What only views of execution traces need is a chunk of its own. It loads while captures are listed. */
const loadTraceFrames = () => import(/* webpackChunkName: "traceFrames" */ './traceFrames');

async function showTrace(
  context: QueryContext,
  query: TraceQuery,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker, range } = context;
  const chosen = await openedAround(bucket, query, range, signal);
  const capture = chosen.captures.at(-1);
  if (!capture) {
    return nothing(context, query, chosen);
  }
  const { sources, notices } = await findSources(bucket, query, { ...chosen, captures: [capture] }, noBase, signal);
  const moment = { ...range, capturedAt: sources.capturedAt };
  const opening = openingOf(context, query, 1, signal, emit);
  const source = inWindow(sources.profile[0], { ...range, endsAt: sources.capturedAt });
  const tables = await worker.trace(ofSamples(bucket, query), moment, source, opening);
  const said = [...notices, ...othersNotice(chosen.captures.length - 1)];
  const isEmpty = tables.every(({ length }) => length === 0);
  // The panel of traces throws at a sentence.
  const isDrawn = isOverPanel(query, context) || (infoOf(query).panel === 'trace' && !context.isExplore);
  return isEmpty && !isDrawn
    ? [frameOf(tables[0], query, context, said)]
    : (await loadTraceFrames()).traceFrames(tables, query, { ...context, capture, notices: said });
}

const othersNotice = (others: number): Notice[] =>
  others > 0
    ? [{ severity: 'warning', text: `A trace is looked at by itself: the latest, of ${others + 1} that were chosen.` }]
    : [];

/** Whether it is drawn over a panel, where there is no place for a sentence. */
function isOverPanel(query: Query, { isExplore }: QueryContext): boolean {
  const { panel } = infoOf(query);
  return (panel === 'annotations' || panel === 'exemplars') && !isExplore;
}

/** Progress is shown from this many captures on. */
const manyCaptures = 4;

function openingOf(context: DrawContext, query: Query, count: number, signal: AbortSignal, emit: Emit): Opening {
  let isDrawn = false;
  const progress = (text: string) =>
    emit([emptyFrame(query, context, { notices: [{ severity: 'info', text }], title: 'Loading' })]);
  return {
    signal,
    load: loadFrom(context.bucket),
    maxSeconds: 'maxSeconds' in query && query.maxSeconds > 0 ? query.maxSeconds : undefined,
    onPartial(tables, done) {
      isDrawn = true;
      const notice: Notice = {
        severity: 'warning',
        text: `${grouped(done)} of ${grouped(count)} captures are merged, ${Math.floor((100 * done) / count)} %; the others are loading.`,
      };
      emit(tables.map((table, i) => frameOf(table, query, context, i === 0 ? [notice] : [])));
    },
    onProgress(done) {
      // What is drawn stays until there is more to draw.
      if (count >= manyCaptures && done < count && !isDrawn) {
        progress(`Loading: ${done} of ${count} captures.`);
      }
    },
    onDecode(key, done, total) {
      const percent = Math.round((100 * done) / total);
      progress(`Reading ${readSourceKey(key).object}: ${percent} % of ${Math.round(total / 1e6)} MB.`);
    },
  };
}

/** What Explore shows a frame with. */
const visualisationOf = (query: Query): PreferredVisualisationType => {
  const { panel } = infoOf(query);
  switch (panel) {
    case 'flamegraph':
    case 'nodeGraph':
    case 'graph':
      return panel;
    default:
      return 'table';
  }
};

function frameOf(
  table: Table,
  query: Query,
  context: DrawContext,
  notices: readonly Notice[],
  executed = query.selector
): DataFrame {
  if (table.length === 0) {
    return emptyFrame(query, context, { notices: [...notices, ...table.notices], reasons: table.notices });
  }
  const { refId, draw } = context;
  return toFrame(table, {
    refId,
    visualisation: visualisationOf(query),
    executed,
    notices,
    draw,
  });
}

/** What stands beside an error: a panel that draws says which fields it misses where it gets no frame at all. */
export async function errorFrames(view: unknown, refId: string, text: string): Promise<DataFrame[]> {
  const isFlame = viewInfos.some(({ name, panel }) => name === view && panel === 'flamegraph');
  const draw = async () => (await loadFlame()).drawFlameOf();
  return isFlame ? [emptyFlame(refId, [{ severity: 'error', text }], await draw().catch(() => undefined))] : [];
}

/** Says in the panel why there is nothing in it, and leads to where there is. */
function emptyFrame(
  query: Query,
  { refId, range, links, isExplore, draw }: DrawContext,
  { elsewhere, ...said }: Pick<SaidOptions, 'notices' | 'reasons' | 'title'> & Pick<Choice, 'elsewhere'>
): DataFrame {
  const link = elsewhere && rangeLink(links, elsewhere, isExplore ? storedOf(query) : undefined);
  if (isFlameView(query)) {
    return emptyFlame(refId, said.notices, draw);
  }
  const { panel } = infoOf(query);
  return panel === 'graph' || panel === 'stateTimeline'
    ? saidSeries({ ...said, refId, link }, range)
    : saidRows({ ...said, refId, link });
}

/** What of a query is not the default, as a short address has it. */
function storedOf({ opens, withCode: _, ...fields }: Query): Partial<StoredQuery> {
  const standard: Readonly<Record<string, unknown>> = { ...defaultQuery };
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== standard[name]));
}
