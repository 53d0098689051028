import { pathOf } from '../nodeGraph';
import { fullText, namedColumn, percentOf, type NamedText, type Table } from '../table';
import { grouped, type Notice } from '../../text/notice';
import { traceView } from '../view';
import { chosenGoroutines, reasonText, type ChosenGoroutines, type OpenedTrace } from './openedTrace';
import { eachEnding, nobody, openNotice, stackText } from './unblocked';

/** Nodes of a picture: more cannot be told apart. Those that waited, or made others wait, for longest. */
const maxNodes = 50;
/** Edges of a picture: those with the most time. */
const maxEdges = 200;
/** Lines of a node graph are 1 to this many pixels thick. */
const maxThickness = 10;

/** Goroutines that began in one function. */
interface Node {
  /** Row of strings, -1 for nobody: see `nobody`. */
  readonly name: number;
  /** ns that its goroutines waited, and that others waited for them. */
  waited: number;
  ended: number;
}

interface Edge {
  readonly from: number;
  readonly to: number;
  time: number;
  count: number;
  /** ns by `reason stack`: rows of reasons and of stack. */
  readonly places: Map<string, number>;
}

/**
 * Who ended the waits of the goroutines that are asked for, as Grafana's node graph reads it. A node is of the goroutines that began
 * in one function; an edge leads from those that ended waits to those that had waited.
 *
 * Nodes: id, title, subtitle (import path), mainstat (ns waited), secondarystat (ns that others waited for it), arc__waited, arc__ended
 * (shares of these two), detail__function. Edges: id, source, target, mainstat (ns), secondarystat (waits), thickness, detail__reason and
 * detail__where (the innermost call that ended them) of what took most of its time.
 */
export function unblockedGraph(trace: OpenedTrace, chosen: ChosenGoroutines): readonly Table[] {
  const { nodes: allNodes, edges: allEdges } = graphOf(trace, chosen);
  const total = allEdges.reduce((sum, { time }) => sum + time, 0);
  const nodes = [...allNodes]
    .sort((a, b) => b.waited + b.ended - (a.waited + a.ended) || a.name - b.name)
    .slice(0, maxNodes);
  const isNode = new Set(nodes.map(({ name }) => name));
  const edges = [...allEdges]
    .sort((a, b) => b.time - a.time || a.from - b.from || a.to - b.to)
    .filter(({ from, to }) => isNode.has(from) && isNode.has(to))
    .slice(0, maxEdges);
  const shown = edges.reduce((sum, { time }) => sum + time, 0);
  const notices = [
    ...chosen.notices,
    ...openNotice(trace, chosen),
    ...cutNotice(allNodes.length - nodes.length, allEdges.length - edges.length, percentOf(total - shown, total)),
  ];
  return [{ ...nodeTable(trace, nodes), notices }, edgeTable(trace, edges)];
}

function graphOf(trace: OpenedTrace, chosen: ChosenGoroutines): { nodes: readonly Node[]; edges: readonly Edge[] } {
  const { goroutines, stays } = trace.execution;
  const nodes = new Map<number, Node>();
  const edges = new Map<string, Edge>();
  const nodeOf = (name: number): Node => {
    const node = nodes.get(name) ?? { name, waited: 0, ended: 0 };
    nodes.set(name, node);
    return node;
  };
  eachEnding(trace, chosen, ({ goroutine, stay, by, stack, time }) => {
    const [from, to] = [by < 0 ? -1 : goroutines.name[by], goroutines.name[goroutine]];
    nodeOf(to).waited += time;
    nodeOf(from).ended += time;
    const key = `${from} ${to}`;
    const edge = edges.get(key) ?? { from, to, time: 0, count: 0, places: new Map<string, number>() };
    edges.set(key, edge);
    edge.time += time;
    edge.count++;
    const place = `${stays.reason[stay]} ${stack}`;
    edge.places.set(place, (edge.places.get(place) ?? 0) + time);
  });
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

function nodeTable({ execution }: OpenedTrace, nodes: readonly Node[]): Table {
  const { strings } = execution.tables;
  const nameOf = ({ name }: Node): NamedText => (name < 0 ? [nobody] : strings[name] || ['(unknown)']);
  const share = ({ waited, ended }: Node) => waited / (waited + ended);
  const number = (name: string, read: (node: Node) => number, more: object = {}) => ({
    name,
    kind: 'number' as const,
    values: nodes.map(read),
    ...more,
  });
  const arc = { waited: { color: 'red', label: 'waited' }, ended: { color: 'orange', label: 'others waited for it' } };
  return {
    name: 'nodes',
    length: nodes.length,
    columns: [
      { name: 'id', kind: 'string', values: nodes.map(({ name }) => String(name)) },
      namedColumn('title', nodes.map(nameOf)),
      {
        name: 'subtitle',
        kind: 'string',
        values: nodes.map((node) => (node.name < 0 ? '' : pathOf(fullText(nameOf(node))))),
      },
      number('mainstat', ({ waited }) => waited, { unit: 'nanoseconds', label: 'waited' }),
      number('secondarystat', ({ ended }) => ended, { unit: 'nanoseconds', label: 'others waited for it' }),
      number('arc__waited', share, arc.waited),
      number('arc__ended', (node) => 1 - share(node), arc.ended),
      {
        name: 'detail__function',
        kind: 'string',
        values: nodes.map((node) => fullText(nameOf(node))),
        label: 'function',
      },
    ],
    notices: [],
  };
}

function edgeTable({ execution }: OpenedTrace, edges: readonly Edge[]): Table {
  const heaviest = edges.reduce((most, { time }) => Math.max(most, time), 1);
  const place = ({ places }: Edge): readonly [number, number] => {
    const [[longest]] = [...places].sort((a, b) => b[1] - a[1]);
    const [reason, stack] = longest.split(' ').map(Number);
    return [reason, stack];
  };
  const text = (name: string, read: (edge: Edge) => string, label?: string) => ({
    name,
    kind: 'string' as const,
    values: edges.map(read),
    ...(label && { label }),
  });
  return {
    name: 'edges',
    length: edges.length,
    columns: [
      text('id', ({ from, to }) => `${from} ${to}`),
      text('source', ({ from }) => String(from)),
      text('target', ({ to }) => String(to)),
      {
        name: 'mainstat',
        kind: 'number',
        unit: 'nanoseconds',
        values: edges.map(({ time }) => time),
        label: 'time waited',
      },
      text('secondarystat', ({ count }) => `${grouped(count)} waits`, 'waits'),
      {
        name: 'thickness',
        kind: 'number',
        values: edges.map(({ time }) => 1 + ((maxThickness - 1) * time) / heaviest),
      },
      text('detail__reason', (edge) => reasonText(execution.reasons[place(edge)[0]]), 'reason, mostly'),
      text('detail__where', (edge) => fullText(stackText(execution, place(edge)[1])).split('\n')[0], 'where, mostly'),
    ],
    notices: [],
  };
}

function cutNotice(nodes: number, edges: number, percent: number): Notice[] {
  return nodes + edges === 0
    ? []
    : [
        {
          severity: 'info',
          text: `Left out are ${grouped(nodes)} functions whose goroutines waited less, and ${grouped(edges)} edges, ${percent.toFixed(1)} % of the time. The table "Who unblocked whom" has them.`,
        },
      ];
}

export const traceUnblockedGraphView = traceView({
  name: 'traceUnblockedGraph',
  title: 'Who unblocked whom, as graph',
  description: 'functions whose goroutines ended the waits of others, for the node graph panel',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'nodeGraph',
  fields: ['goroutine', 'task', 'peek', 'withSystem'],
  reports: [],
  tables: (trace, query) => unblockedGraph(trace, chosenGoroutines(trace, query)),
});
