import type { DataFrame, PreferredVisualisationType } from '@grafana/data';
import { chooseBase } from './captures/chooseBase';
import type { Bucket } from './captures/bucket';
import { chooseCaptures, type Choice } from './captures/choose';
import { listCaptures, type Listing, type Range } from './captures/listing';
import { capturesFrame, seriesFrames } from './frames/captures';
import type { drawFlameOf, DrawFlame } from './frames/flame';
import { emptyFlame, toFrame } from './frames/frames';
import { saidRows, saidSeries, type SaidOptions } from './frames/said';
import { metricsLinks, rangeLink, rowLinks, type LinkContext } from './frames/links';
import type { CodeLinks } from './codeLinks';
import { failedNotice, findSources, loadFrom, objectKey, ofSamples, sourceIn } from './worker/sources';
import { sampleMatchers } from './captures/keyMatchers';
import { listOrExplain, openedCaptures, processCaptures } from './captures/opened';
import { withLeakCaptures } from './captures/leakCaptures';
import { printCommand } from './query/commandLine';
import { isGoroutineView, isHistoryView } from './query/goroutineOptions';
import { defaultQuery, isComparedView, isFlameView, isProcessView, type Query, type View } from './query/query';
import type { SourceSettings } from './query/sourceLinks';
import { eventId } from './captures/events';
import type { Capture } from './captures/capture';
import type { Table } from './views/table';
import type { Notice } from './text/notice';
import type { Opening, WorkerClient } from './worker/client';

export interface QueryContext {
  readonly bucket: Bucket;
  readonly worker: WorkerClient;
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
  const { bucket, range, isExplore } = context;
  const ofKeys = keyViews[query.view];
  if (ofKeys) {
    // Over a panel there is no place for a sentence.
    const isOverPanel = ofKeys === showMarks && !isExplore;
    const listing = await (isOverPanel ? listCaptures : listOrExplain)(bucket, query.selector, range, signal);
    const frames = await ofKeys(listing, query, context);
    const isEmpty = frames.every(({ length }) => length === 0);
    const notices = frames.flatMap(({ meta }) => meta?.notices ?? []);
    emit(isEmpty && !isOverPanel ? [emptyFrame(query, context, { ...listing, notices })] : frames);
    return;
  }
  if (isFlameView(query.view)) {
    loadFlame().catch(() => undefined); // Asked for again where it is needed, which says why it cannot be loaded.
  }
  const chosen = await (isProcessView(query.view) ? processCaptures : openedCaptures)(bucket, query, range, signal);
  if (chosen.captures.length === 0) {
    emit([emptyFrame(query, { ...context, draw: await drawOf(query) }, chosen)]);
    return;
  }
  if (query.view === 'event') {
    const { showEvent } = await import(/* webpackChunkName: "event" */ './showEvent');
    const options = { refId: context.refId, links: rowLinks(context.links, chosen.captures), executed: query.selector };
    emit([await showEvent(bucket, chosen, options, signal)]);
    return;
  }
  if (isProcessView(query.view)) {
    const captures = isHistoryView(query.view)
      ? await withLeakCaptures({ bucket, selector: query.selector, range, signal }, chosen.captures)
      : chosen.captures;
    emit(await showProcess(context, query, { ...chosen, captures }, signal, emit));
    return;
  }
  if (query.view === 'memory') {
    emit(await showMemory(context, query, chosen, signal, emit));
    return;
  }
  const base = await chooseBase({
    bucket,
    query: isComparedView(query.view) ? query : { ...query, base: '' },
    captures: chosen.captures,
    range,
    signal,
  });
  const isChange = query.drawing !== 'all' && query.base !== '' && isFlameView(query.view);
  if ((query.view === 'diff' || isChange) && base.captures.length === 0) {
    const notices = query.base === '' ? [{ severity: 'warning', text: 'Choose a base to compare with.' } as const] : [];
    const said = { notices: [...chosen.notices, ...base.notices, ...notices] };
    emit([emptyFrame(query, { ...context, draw: await drawOf(query) }, said)]);
    return;
  }
  const { timeZone } = context;
  const draw = await drawOf(query, { captures: chosen.captures, base: base.captures, timeZone, end: range.to });
  emit(await showProfile({ ...context, draw }, query, chosen, base, signal, emit));
}

type KeyView = (listing: Listing, query: Query, context: QueryContext) => DataFrame[] | Promise<DataFrame[]>;

/** Marks are drawn by panels of metrics. */
const showMarks: KeyView = async (listing, { view }, context) => {
  const { marks } = await import(/* webpackChunkName: "marks" */ './frames/marks');
  return [marks(view, listing, context)];
};

/** Views that come from keys alone. */
const keyViews: Partial<Record<View, KeyView>> = {
  captures({ captures, notices }, query, { bucket, range, refId, links }) {
    const chosen = chooseCaptures(captures, query, range, bucket.maxCaptures).captures;
    const ids = new Set(chosen.map(eventId));
    // Panels of other profiles show the same event.
    const shown = new Set(captures.filter((capture) => ids.has(eventId(capture))));
    const options = { refId, notices, links: rowLinks(links, captures), metrics: metricsLinks(links) };
    return [capturesFrame(captures, { ...options, shown })];
  },
  series: ({ captures, notices }, { groupBy }, { refId }) => seriesFrames(captures, groupBy, { refId, notices }),
  events: showMarks,
  exemplars: showMarks,
};

/** With what draws flame graphs, where the view is one. */
interface DrawContext extends QueryContext {
  readonly draw?: DrawFlame;
}

/** What only flame graphs need is a chunk of its own. It loads while captures are listed. */
const loadFlame = () => import(/* webpackChunkName: "flame" */ './frames/flame');

/** Draws flame graphs, with a root that says of which captures they are; undefined for other views. */
const drawOf = async (
  { view }: Pick<Query, 'view'>,
  ...captures: Parameters<typeof drawFlameOf> | []
): Promise<DrawFlame | undefined> => (isFlameView(view) ? (await loadFlame()).drawFlameOf(...captures) : undefined);

async function showProfile(
  context: DrawContext,
  query: Query,
  chosen: Choice,
  base: Choice,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker } = context;
  const { sources, count, notices } = await findSources(bucket, query, chosen, base, signal);
  const [{ tables, failed }, links] = await Promise.all([
    worker.run(withCode(ofSamples(bucket, query), context), sources, openingOf(context, query, count, signal, emit)),
    openLinks(context, query, chosen.captures, signal),
  ]);
  const keysOf = ({ captures }: Choice) => captures.map(({ object }) => object.key);
  // pprof reads no text of goroutines, and has none of their views.
  const isDump = chosen.captures.some(({ object }) => /\.(txt|log)(\.gz)?$/.test(object.key));
  const command =
    isDump || isGoroutineView(query.view)
      ? undefined
      : printCommand(query, sampleMatchers(bucket, query.selector), keysOf(chosen), keysOf(base));
  const all = [...notices, ...failedNotice(failed, count), ...(links?.notices ?? [])];
  return tables.map((table, i) => {
    const frame = linkedFrameOf(table, query, context, i === 0 ? all : [], links, command);
    // Explore's own flame graph draws the first frame alone; this gives another one a panel.
    const panel = i > 0 && isFlameView(query.view) ? 'flamegraph' : undefined;
    return panel ? { ...frame, meta: { ...frame.meta, preferredVisualisationPluginId: panel } } : frame;
  });
}

async function showProcess(
  context: QueryContext,
  query: Query,
  { captures, notices }: Choice,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker } = context;
  const [{ tables, failed }, links] = await Promise.all([
    worker.processView(
      withCode(ofSamples(bucket, query), context),
      captures.map(sourceIn(bucket)),
      openingOf(context, query, captures.length, signal, emit)
    ),
    openLinks(context, query, captures, signal),
  ]);
  const all = [...notices, ...failedNotice(failed, captures.length), ...(links?.notices ?? [])];
  return tables.map((table) => linkedFrameOf(table, query, context, all, links));
}

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

const withCode = (query: Query, { source }: QueryContext): Query =>
  source && hasCode(query) ? { ...query, withCode: true } : query;

/** Whether a view has columns of names; panels that draw have no links. */
const hasCode = ({ view }: Pick<Query, 'view'>): boolean => visualisationOf(view) === 'table';

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
  query: Query,
  { captures, notices, listed }: Choice,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker } = context;
  const heap = captures[captures.length - 1];
  const { readBundle } = await import(/* webpackChunkName: "event" */ './captures/bundle');
  const bundle = await readBundle(bucket, heap, signal, listed);
  const said = [...notices, ...bundle.notices];
  if (!bundle.meta) {
    return [emptyFrame(query, context, { notices: said })];
  }
  const opening = openingOf(context, query, 1, signal, emit);
  const tables = await worker.memory(bundle.meta, sourceIn(bucket)(heap), opening);
  return tables.map((table) => frameOf(table, query, context, said));
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
    onPartial(tables, done) {
      isDrawn = true;
      const notice: Notice = {
        severity: 'warning',
        text: `The first ${done} of ${count} captures; the others are loading.`,
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
      progress(`Reading ${objectKey(key)}: ${percent} % of ${Math.round(total / 1e6)} MB.`);
    },
  };
}

/** Panels that draw a view, besides those of flame graphs; all others are tables. */
const panels: Partial<Record<View, PreferredVisualisationType>> = {
  graph: 'nodeGraph',
  leakSeries: 'graph',
  states: 'graph',
};

const visualisationOf = (view: View): PreferredVisualisationType =>
  isFlameView(view) ? 'flamegraph' : (panels[view] ?? 'table');

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
    visualisation: visualisationOf(query.view),
    executed,
    notices,
    draw,
  });
}

/** What stands beside an error: a panel that draws says which fields it misses where it gets no frame at all. */
export const errorFrames = async (query: Pick<Query, 'view'>, refId: string, text: string): Promise<DataFrame[]> =>
  isFlameView(query.view)
    ? [emptyFlame(refId, [{ severity: 'error', text }], await drawOf(query).catch(() => undefined))]
    : [];

/** Says in the panel why there is nothing in it, and leads to where there is. */
function emptyFrame(
  query: Query,
  { refId, range, links, isExplore, draw }: DrawContext,
  { elsewhere, ...said }: Pick<SaidOptions, 'notices' | 'reasons' | 'title'> & Pick<Choice, 'elsewhere'>
): DataFrame {
  const link = elsewhere && rangeLink(links, elsewhere, isExplore ? stored(query) : undefined);
  if (isFlameView(query.view)) {
    return emptyFlame(refId, said.notices, draw);
  }
  return query.view === 'series' || visualisationOf(query.view) === 'graph'
    ? saidSeries({ ...said, refId, link }, range)
    : saidRows({ ...said, refId, link });
}

/** What of a query is not the default, as a short address has it. */
const stored = (query: Query): Partial<Query> =>
  Object.fromEntries(Object.entries(query).filter(([name, value]) => value !== defaultQuery[name as keyof Query]));
