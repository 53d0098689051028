import { pathOf } from '../nodeGraph';
import { fullText, namedColumn, percentOf, type Column, type NamedText, type Table } from '../table';
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

/**
 * Goroutines that began in one function, as those that ended waits or as those that waited: Grafana hides what cannot be reached from a
 * node without an edge into it, so that of a circle nothing would be seen.
 */
interface Node {
  readonly side: 'ended' | 'waited';
  /** Row of strings, -1 for nobody: see `nobody`. */
  readonly name: number;
  /** ns. */
  time: number;
  count: number;
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
 * Who ended the waits of the goroutines that are asked for, as Grafana's node graph reads it: on one side functions whose goroutines
 * ended waits, on the other those whose goroutines had waited; a function may be on both.
 *
 * Nodes: id, title, subtitle (import path), mainstat (ns of the waits), secondarystat (waits), arc__ended and arc__waited (1 of the side that it is on),
 * detail__function. Edges: id, source, target, mainstat (ns), secondarystat (waits), thickness, detail__reason and detail__where (the innermost
 * call that ended them) of what took most of its time.
 */
export function unblockedGraph(trace: OpenedTrace, chosen: ChosenGoroutines): readonly Table[] {
  const { nodes: allNodes, edges: allEdges } = graphOf(trace, chosen);
  const total = allEdges.reduce((sum, { time }) => sum + time, 0);
  const nodes = [...allNodes].sort((a, b) => b.time - a.time || a.name - b.name).slice(0, maxNodes);
  const isNode = new Set(nodes.map(idOf));
  const edges = [...allEdges]
    .sort((a, b) => b.time - a.time || a.from - b.from || a.to - b.to)
    .filter((edge) => isNode.has(sourceOf(edge)) && isNode.has(targetOf(edge)))
    .slice(0, maxEdges);
  const shown = edges.reduce((sum, { time }) => sum + time, 0);
  const notices = [
    ...chosen.notices,
    ...openNotice(trace, chosen),
    ...cutNotice(allNodes.length - nodes.length, allEdges.length - edges.length, percentOf(total - shown, total)),
  ];
  return [{ ...nodeTable(trace, nodes), notices }, edgeTable(trace, edges)];
}

const idOf = ({ side, name }: Pick<Node, 'side' | 'name'>) => `${side} ${name}`;
const sourceOf = ({ from }: Edge) => idOf({ side: 'ended', name: from });
const targetOf = ({ to }: Edge) => idOf({ side: 'waited', name: to });

function graphOf(trace: OpenedTrace, chosen: ChosenGoroutines): { nodes: readonly Node[]; edges: readonly Edge[] } {
  const { goroutines, stays } = trace.execution;
  const nodes = new Map<string, Node>();
  const edges = new Map<string, Edge>();
  const addTo = (side: Node['side'], name: number, time: number) => {
    const id = idOf({ side, name });
    const node = nodes.get(id) ?? { side, name, time: 0, count: 0 };
    nodes.set(id, node);
    node.time += time;
    node.count++;
  };
  eachEnding(trace, chosen, ({ goroutine, stay, by, stack, time }) => {
    const [from, to] = [by < 0 ? -1 : goroutines.name[by], goroutines.name[goroutine]];
    addTo('waited', to, time);
    addTo('ended', from, time);
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
  const arc = (side: Node['side'], color: string, label: string): Column => ({
    name: `arc__${side}`,
    kind: 'number',
    values: nodes.map((node) => Number(node.side === side)),
    color,
    label,
  });
  return {
    name: 'nodes',
    length: nodes.length,
    columns: [
      { name: 'id', kind: 'string', values: nodes.map(idOf) },
      namedColumn('title', nodes.map(nameOf)),
      {
        name: 'subtitle',
        kind: 'string',
        values: nodes.map((node) => (node.name < 0 ? '' : pathOf(fullText(nameOf(node))))),
      },
      {
        name: 'mainstat',
        kind: 'number',
        unit: 'nanoseconds',
        values: nodes.map(({ time }) => time),
        label: 'time waited',
      },
      {
        name: 'secondarystat',
        kind: 'string',
        values: nodes.map(({ count }) => `${grouped(count)} waits`),
        label: 'waits',
      },
      arc('ended', 'green', 'ended waits'),
      arc('waited', 'red', 'waited'),
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
      text('source', sourceOf),
      text('target', targetOf),
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
