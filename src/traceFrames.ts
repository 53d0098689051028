import type { DataFrame, DataLink } from '@grafana/data';
import type { Capture } from './captures/capture';
import { annotationFrame } from './frames/annotations';
import type { LinkContext } from './frames/links';
import { seriesFrames } from './frames/timeSeries';
import { toFrame } from './frames/frames';
import {
  curveFrame,
  histogramFrame,
  linkedFrame,
  spansFrame,
  timelineFrame,
  type TraceFrameOptions,
} from './frames/traceFrames';
import { infoOf, type TraceQuery } from './query/query';
import type { Notice } from './text/notice';
import type { Table } from './views/table';

// Views of execution traces as frames: a chunk of its own, which loads while captures are listed.

export interface TraceFrameContext {
  readonly capture: Capture;
  readonly links: LinkContext;
  readonly refId: string;
  readonly notices: readonly Notice[];
  /** Explore has no panel to draw marks on: it shows their rows. */
  readonly isExplore: boolean;
}

/** uid of the dashboard that shows a trace. */
const dashboardUid = 'pproflens-trace';

export function traceFrames(tables: readonly Table[], query: TraceQuery, context: TraceFrameContext): DataFrame[] {
  const { refId, notices, isExplore } = context;
  const options: TraceFrameOptions = { refId, notices, executed: query.selector };
  const { panel } = infoOf(query);
  const [first, ...others] = tables;
  switch (panel) {
    case 'graph':
      return seriesFrames(tables, { refId, notices });
    case 'histogram':
      return [histogramFrame(first, options)];
    case 'xyChart':
      return [curveFrame(first, options)];
    case 'nodeGraph':
      return tables.map((table, i) =>
        toFrame(table, { refId, visualisation: 'nodeGraph', executed: query.selector, notices: i === 0 ? notices : [] })
      );
    case 'stateTimeline':
      return [timelineFrame(first, laneLinks(context), options)];
    case 'trace':
      return [spansFrame(tables, context.capture.labels.service ?? '', options)];
    case 'annotations':
      if (!isExplore) {
        return [annotationFrame(first, { refId, notices: [...notices, ...first.notices], links: [] })];
      }
  }
  return [first, ...others].map((table, i) =>
    linkedFrame(rowsOf(table), rowLinks(query, context), i === 0 ? options : { ...options, notices: [] })
  );
}

/** A table without what is said by marks over a panel. */
const rowsOf = (table: Table): Table => ({
  ...table,
  columns: table.columns.filter((each) => !(each.kind === 'string' && each.isOfMark)),
});

/** Where the cells of columns lead: to the dashboard of traces, at what their row is of. */
function rowLinks(query: TraceQuery, context: TraceFrameContext): Readonly<Record<string, readonly DataLink[]>> {
  const cell = (name: string) => `\${__data.fields.${name}:percentencode}`;
  const links = (title: string, more: string) => [dashboardLink(context, title, more)];
  const goroutine = links('Show this goroutine', `var-goroutine=${cell('goroutine')}&${here}`);
  switch (query.view) {
    case 'trace': {
      const whole = links('Show this trace', `from=${cell('from')}&to=${cell('to')}`);
      return { began: whole, ended: whole };
    }
    case 'traceGoroutines':
      return { function: links('Show its goroutines', `var-function=${cell('pattern')}&${here}`), goroutine };
    case 'tracePauses':
      return { goroutine };
    case 'traceTasks':
      return { task: links('Show this task', `var-task=${cell('task')}&${here}`) };
    default:
      return {};
  }
}

/** The dashboard of traces, at this capture and with one more variable or another range. */
const dashboardLink = ({ links, capture }: TraceFrameContext, title: string, more: string): DataLink => {
  const { labels, object } = capture;
  const given = [
    ['var-datasource', links.uid],
    ['var-service', labels.service ?? ''],
    ['var-instance', labels.instance ?? ''],
    ['var-event', object.key],
  ].map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return { title, url: `/d/${dashboardUid}?${given.join('&')}&${more}` };
};

/** Of the dashboard's range as it is. */
const here = 'from=${__from}&to=${__to}';

const laneLinks = (context: TraceFrameContext): DataLink[] => [
  dashboardLink(context, 'Show this goroutine', `var-goroutine=\${__field.labels.goroutine}&${here}`),
];
