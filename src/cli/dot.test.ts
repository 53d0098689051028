import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { decode } from '../decode/decode';
import { scaledLabel } from '../profile/measurement';
import { shortName } from '../profile/shortNames';
import { prepare } from '../query/prepare';
import { defaultQuery, type Query } from '../query/query';
import { findOracle, type Oracle } from '../testing/oracle';
import { graph } from '../views/nodeGraph';
import { column } from '../views/table';

// The node graph has the nodes and edges of `go tool pprof -dot`, which draws labels as boxes: they are hidden here.
const files: Readonly<Record<string, string[]>> = JSON.parse(readFileSync('testdata/golden/files.json', 'utf8'));

async function ours(file: string, options: Partial<Query>): Promise<string[]> {
  const query = { ...defaultQuery, ...options };
  const prepared = prepare(await decode(await readFile(file)), query);
  const [nodes, edges] = graph(prepared, query);
  const text = (value: number) => scaledLabel(value, prepared.unit, 'B');
  const names = new Map(
    Array.from({ length: nodes.length }, (_, i) => [
      column(nodes, 'id').values[i],
      `${column(nodes, 'detail__function').values[i]}`,
    ])
  );
  return [
    ...Array.from(
      { length: nodes.length },
      (_, i) =>
        `${names.get(column(nodes, 'id').values[i])} (${text(Number(column(nodes, 'secondarystat').values[i]))})`
    ),
    ...Array.from({ length: edges.length }, (_, i) => {
      const arrow = column(edges, 'strokeDasharray').values[i] === '' ? '->' : '...';
      const [from, to] = ['source', 'target'].map((end) => names.get(column(edges, end).values[i]));
      return `${from} ${arrow} ${to} (${text(Number(column(edges, 'mainstat').values[i]))})`;
    }),
  ].sort();
}

async function pprofs(oracle: Oracle, file: string, flags: readonly string[]): Promise<string[]> {
  const answer = await oracle(['-dot', '-unit=B', '-taghide=.', ...flags, file]);
  return ('stdout' in answer ? answer.stdout : answer.refusal)
    .split('\n')
    .filter((line) => /^N\d+ (\[|->)/.test(line))
    .map((line) => / tooltip="([^"]*)"/.exec(line)?.[1] ?? '')
    .sort();
}

describe('graph, against the installed go tool pprof -dot', () => {
  const oracle = findOracle();
  if (!oracle) {
    test.skip('Go is not installed, so the graph is not compared', () => undefined);
    return;
  }
  const combinations: Array<[string[], Partial<Query>]> = [
    [[], {}],
    [['-nodecount=12'], { nodeCount: 12 }],
    [['-nodefraction=0.05', '-edgefraction=0.02'], { nodeFraction: 0.05, edgeFraction: 0.02 }],
    [['-lines', '-nodecount=20'], { granularity: 'lines', nodeCount: 20 }],
    [['-call_tree', '-nodecount=15'], { callTree: true, nodeCount: 15 }],
    [['-focus=json|pprof', '-noinlines'], { focus: 'json|pprof', noInlines: true }],
  ];
  const single = Object.entries(files).flatMap(([name, [file, ...others]]) =>
    others.length === 0 ? [[name, file] as const] : []
  );
  const cases = single.flatMap(([name, file]) =>
    combinations.map(([flags, options]) => [name, flags.join(' '), file, flags, options] as const)
  );
  test.each(cases)('%s %s', async (_name, _flags, file, flags, options) => {
    expect(await ours(file, { ...options, tagHide: '.' })).toEqual(await pprofs(oracle, file, flags));
  });

  test.each(single)('%s: names are as short as pprof draws them', async (_name, file) => {
    const answer = await oracle(['-dot', '-trim=false', '-taghide=.', file]);
    const drawn = 'stdout' in answer ? answer.stdout : answer.refusal;
    const all = drawn.matchAll(/^N\d+ \[label="(.*?)" id=.* tooltip="(.*) \([^"]*"/gm);
    // Type arguments we leave out and pprof does not.
    const pairs = [...all].map(([, label, full]) => [full, label]).filter(([full]) => !full.includes('['));
    expect(pairs.length).toBeGreaterThan(0);
    for (const [full, label] of pairs) {
      // The lines below are values.
      const lines = shortName(full).replace(/::|\./g, '\\n');
      expect(label.startsWith(`${lines}\\n`) ? lines : label).toBe(lines);
    }
  });
});
