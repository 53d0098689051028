import { parseCommand, printCommand } from './commandLine';
import { defaultQuery, type Query } from './query';
import { parseSelector } from './selector';

const parsed = (text: string): Partial<Query> => {
  const query = parseCommand(text);
  return Object.fromEntries(
    Object.entries(query).filter(([name, value]) => value !== defaultQuery[name as keyof Query])
  );
};

test.each<[string, Partial<Query>]>([
  ['go tool pprof heap.pb.gz', { capture: 'event', event: 'heap.pb.gz' }],
  ['go tool pprof -http=:8080 FILE', {}],
  ['$ pprof -top -cum FILE', { view: 'top', sort: 'cum' }],
  ['go tool pprof --peek "json.*" -lines FILE', { view: 'peek', peek: 'json.*', granularity: 'lines' }],
  ["go tool pprof -tags -tagfocus='tenant=^a b$' FILE", { view: 'tags', tagFocus: 'tenant=^a b$' }],
  ['go tool pprof -svg -nodefraction 0.1 -trim=false FILE', { view: 'graph', nodeFraction: 0.1, trim: false }],
  ['go tool pprof -top \\\n  -alloc_space \\\n  FILE', { view: 'top', sampleIndex: 'alloc_space' }],
  ['go tool pprof -mean_delay -top FILE', { view: 'top', sampleIndex: 'delay', mean: true }],
  [
    'go tool pprof -diff_base=s/a/heap.pb.gz s/b/heap.pb.gz',
    { capture: 'event', event: 's/b/heap.pb.gz', base: 'event', baseEvent: 's/a/heap.pb.gz' },
  ],
  ['go tool pprof -base a b', { capture: 'event', event: 'b', base: 'event', baseEvent: 'a', baseMode: 'base' }],
  ['/usr/bin/pprof -hide=runtime -show_from=main.main FILE', { hideNodes: 'runtime', showFrom: 'main.main' }],
])('%s', (text, query) => {
  expect(parsed(text)).toEqual(query);
});

test.each([
  ['', /Expected a command of pprof/],
  ['curl x', /Expected a command of pprof/],
  ['go tool pprof -disasm=x FILE', /-disasm: the plugin has no such option; it has -top/],
  ['go tool pprof -nodecount=many FILE', /-nodecount=many: expected a whole number/],
  ['go tool pprof -cum -flat FILE', /-cum and -flat: expected one of them/],
  ['go tool pprof -trim=no FILE', /-trim=no: expected true or false/],
  ['go tool pprof -focus', /-focus: expected a value/],
  ['go tool pprof a b', /several files/],
  ["go tool pprof -focus='a FILE", /quote at character 22 .* does not end/],
])('%j is refused', (text, message) => {
  expect(() => parseCommand(text)).toThrow(message);
});

test('what is set is printed, quoted for a shell, and read back', () => {
  const query: Query = {
    ...defaultQuery,
    view: 'peek',
    peek: "it's|x y",
    focus: 'a$b',
    tagRoot: 'tenant_id',
    granularity: 'filefunctions',
    trim: false,
    nodeCount: 10,
    mean: true,
    base: 'event',
    baseEvent: 'k 1',
    capture: 'event',
    event: 'k2',
  };
  const command = printCommand(query, [], ['k2'], ['k 1']);
  expect(command).toBe(
    "go tool pprof '-peek=it'\\''s|x y' '-focus=a$b' -tagroot=tenant_id -filefunctions -mean -nodecount=10 -trim=false '-diff_base=k 1' k2"
  );
  expect({ ...defaultQuery, ...parseCommand(command) }).toEqual(query);
});

test.each([
  ['{tenant_id="a.b"}', "'-tagfocus=tenant_id=^a\\.b$'"],
  ['{tenant_id=~"a|b,c"}', "'-tagfocus=tenant_id=^(?:a|b\\x2cc)$'"],
  ['{bytes="1kb:2mb"}', '-tagfocus=bytes=1kb:2mb'],
  ['{a="x", b="y"}', "'-tagfocus=^a:x$,^b:y$'"],
  ['{a!="x"}', "'-tagignore=a=^x$'"],
])('the selector %s filters by labels', (selector, flag) => {
  const command = printCommand({ ...defaultQuery, view: 'tags' }, parseSelector(selector));
  expect(command).toBe(`go tool pprof -tags ${flag} -relative_percentages FILE`);
});
