import { applyCommand } from './applyCommand';
import { leftOut, printCommand } from './printCommand';
import { defaultQuery, ownFields, type StoredQuery } from './query';
import { parseSelector } from '../text/selector';

/** As a layout whose keys begin with a folder. */
const isKey = (file: string) => /^\w+\//.test(file);

/** Shows nothing of a query. */
const bare = 'go tool pprof';

const parsed = (text: string): Partial<StoredQuery> => {
  const { query } = applyCommand(text, bare, isKey);
  return Object.fromEntries(
    Object.entries(query).filter(([name, value]) => value !== defaultQuery[name as keyof StoredQuery])
  );
};

test.each<[string, Partial<StoredQuery>]>([
  ['go tool pprof s/heap.pb.gz', { capture: 'event', event: 's/heap.pb.gz' }],
  ['go tool pprof ./service s/heap.pb.gz', { capture: 'event', event: 's/heap.pb.gz' }],
  ['go tool pprof -http=:8080 FILE', {}],
  ['$ pprof -top -cum FILE', { view: 'top', sort: 'cum' }],
  ['go tool pprof -list=json.Marshal -noinlines FILE', { view: 'list', peek: 'json.Marshal', noInlines: true }],
  ['go tool pprof --peek "json.*" -lines FILE', { view: 'peek', peek: 'json.*', granularity: 'lines' }],
  ["go tool pprof -tags -tagfocus='tenant=^a b$' FILE", { view: 'tags', tagFocus: 'tenant=^a b$' }],
  ['go tool pprof -svg -nodefraction 0.1 -trim=false FILE', { view: 'graph', nodeFraction: 0.1, trim: false }],
  ['go tool pprof -top \\\n  -alloc_space \\\n  FILE', { view: 'top', sampleIndex: 'alloc_space' }],
  ['go tool pprof -mean_delay -top FILE', { view: 'top', sampleIndex: 'delay', mean: true }],
  [
    'go tool pprof -diff_base=s/a/heap.pb.gz s/b/heap.pb.gz',
    { capture: 'event', event: 's/b/heap.pb.gz', base: 'event', baseEvent: 's/a/heap.pb.gz' },
  ],
  [
    'go tool pprof -base s/a s/b',
    { capture: 'event', event: 's/b', base: 'event', baseEvent: 's/a', baseMode: 'base' },
  ],
  ['cd dir && go tool pprof -top heap.pb.gz 2>/dev/null | head -20', { view: 'top' }],
  ['go tool pprof -top http://host:6060/debug/pprof/heap > out.txt # of prod', { view: 'top' }],
  ['go tool pprof -top -web=false -cum -cum=false -lines -lines=0 -nodecount=010 FILE', { view: 'top', nodeCount: 8 }],
  ['go tool pprof -seconds=5 -symbolize=none -nodecount 0x1_0 -top FILE', { view: 'top', nodeCount: 16 }],
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
  ['go tool pprof s/a s/b', /several captures/],
  ['go tool pprof -peek= FILE', /-peek: expected a regular expression/],
  ['go tool pprof -list= FILE', /-list: expected a regular expression/],
  ['go tool pprof -nodecount=1e1 FILE', /-nodecount=1e1: expected a whole number/],
  ['go tool pprof -nodefraction=1e400 FILE', /-nodefraction=1e400: expected a number/],
  ['go tool pprof -web=maybe FILE', /-web=maybe: expected true or false/],
  ["go tool pprof -focus='a FILE", /quote at character 22 .* does not end/],
])('%j is refused', (text, message) => {
  expect(() => applyCommand(text, bare, isKey)).toThrow(message);
});

test('what is set is printed, quoted for a shell, and read back', () => {
  const query: StoredQuery = {
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
    baseEvent: 's/k 1',
    capture: 'event',
    event: 's/k2',
  };
  const command = printCommand(query, [], ['s/k2'], ['s/k 1']);
  expect(command).toBe(
    "go tool pprof '-peek=it'\\''s|x y' '-focus=a$b' -tagroot=tenant_id -filefunctions -mean -nodecount=10 -trim=false '-diff_base=s/k 1' s/k2"
  );
  expect({ ...defaultQuery, ...applyCommand(command, bare, isKey).query }).toEqual(query);
});

test('what the shown view does not use, and could not show, is what a command of another view asks for', () => {
  const stored = { ...defaultQuery, nodeCount: 10, sort: 'cum', granularity: 'lines' } as const;
  for (const view of ['flame', 'tags'] as const) {
    const shown = printCommand(ownFields({ ...stored, view }), []);
    const { query } = applyCommand('go tool pprof -top FILE', shown, isKey);
    expect({ ...stored, ...query }).toEqual({ ...defaultQuery, view: 'top' });
  }
  const shown = printCommand({ ...stored, view: 'top' }, []);
  expect(applyCommand(shown, shown, isKey).query).toEqual({});
});

test.each([
  ['{tenant_id="a.b"}', "'-tagfocus=tenant_id=^a\\.b$'"],
  ['{tenant_id=~"a|b,c"}', "'-tagfocus=tenant_id=^(?:a|b\\x2cc)$'"],
  ['{bytes="1kb:2mb"}', '-tagfocus=bytes=1kb:2mb'],
  ['{a="x", b="y"}', "'-tagfocus=^a:x$,^b:y$'"],
  ['{a!="x"}', "'-tagignore=a=^x$'"],
  ['{a!="x", b!~"y|z"}', "'-tagignore=^a:x$|^b:(?:y|z)$'"],
])('the selector %s filters by labels', (selector, flag) => {
  const command = printCommand({ ...defaultQuery, view: 'tags' }, parseSelector(selector));
  expect(command).toBe(`go tool pprof -tags ${flag} -relative_percentages FILE`);
});

test("the query's own tag filters stay beside the selector's, or the rest is named", () => {
  const said = (query: Partial<StoredQuery>, selector: string) => {
    const all = { ...defaultQuery, ...query };
    return [printCommand(all, parseSelector(selector)), ...leftOut(all, parseSelector(selector))];
  };
  expect(said({ tagFocus: 'eu' }, '{a="x"}')).toEqual([
    "go tool pprof -http=: '-tagfocus=eu,^a:x$' -relative_percentages FILE",
  ]);
  expect(said({ tagIgnore: 'eu' }, '{a!="x"}')).toEqual([
    "go tool pprof -http=: '-tagignore=eu|^a:x$' -relative_percentages FILE",
  ]);
  expect(said({ tagFocus: 'x=1' }, '{a="x"}')).toEqual([
    'go tool pprof -http=: -tagfocus=x=1 -relative_percentages FILE',
    'the label filter a="x"',
  ]);
  expect(said({ tagFocus: 'a=^x$' }, '{a="x"}')).toEqual([
    "go tool pprof -http=: '-tagfocus=a=^x$' -relative_percentages FILE",
  ]);
  expect(said({ tagIgnore: 'a=^x$' }, '{a!="x", b!="y"}')).toEqual([
    "go tool pprof -http=: '-tagignore=a=^x$' -relative_percentages FILE",
    'the label filter b!="y"',
  ]);
  const others = { search: 'dups > 5', estimate: 'paths', base: 'first', scale: 'rate', drawing: 'grown' } as const;
  expect(said(others, '')).toEqual([
    'go tool pprof -http=: FILE',
    'the search of goroutines',
    'the estimate of tenant_id',
    'the scale',
    'the drawing',
  ]);
});

test('files that are no keys of the bucket are named, and the captures of the query stay', () => {
  const text = 'go tool pprof -base=old.pb.gz -top "$FILE" -';
  const { query, unknown } = applyCommand(text, bare, isKey);
  expect(query).toMatchObject({ view: 'top', base: '' });
  expect(query).not.toHaveProperty('event');
  expect(unknown).toEqual(['$FILE', '-', 'old.pb.gz']);
});

test('a key that looks like a flag is printed as a path', () => {
  expect(printCommand(defaultQuery, [], ['-rf.pb.gz'])).toBe('go tool pprof -http=: ./-rf.pb.gz');
});

/** What a table of nodes uses and a flame graph does not. */
const ofTop = pick('sort', 'dropNegative', 'nodeCount', 'nodeFraction', 'edgeFraction', 'trim', 'callTree');

function pick(...names: ReadonlyArray<keyof StoredQuery>): Partial<StoredQuery> {
  return Object.fromEntries(names.map((name) => [name, defaultQuery[name]]));
}

describe("of the query's own command only what is edited changes", () => {
  const filtered = '{tenant_id="acme", region!~"eu|us"}';
  const shownOf = (query: Partial<StoredQuery>, selector = '', files = ['s/cpu'], bases: string[] = []) =>
    printCommand({ ...defaultQuery, ...query }, parseSelector(selector), files, bases);
  const edits = (shown: string, from: string, to: string) => applyCommand(shown.replace(from, to), shown, isKey);

  test.each<[string, string, string, string, Partial<StoredQuery>]>([
    ['an option', shownOf({ view: 'top' }, filtered), '-top', '-top -cum', { sort: 'cum' }],
    ['an option that goes', shownOf({ view: 'top', sort: 'cum' }, filtered), ' -cum', '', { sort: 'flat' }],
    ['a report', shownOf({ view: 'top', focus: 'json' }, filtered), '-top', '-tree', { view: 'tree' }],
    ['an alias of the report', shownOf({ view: 'graph' }), '-dot', '-svg -mean', { mean: true }],
    ['a tag filter', shownOf({}, '{a="x"}'), 'a=^x', 'b=^y', { tagFocus: 'b=^y$' }],
    ['a file', shownOf({ capture: 'latest' }, filtered), 's/cpu', 's/b', { capture: 'event', event: 's/b' }],
    ['no file', shownOf({}), 's/cpu', 'FILE', {}],
    ['of merged files an option', shownOf({}, '', ['s/a', 's/b']), ':', ': -lines', { granularity: 'lines' }],
    ['beside a base an option', shownOf({ base: 'previous' }, '', ['s/b'], ['s/a']), ':', ': -mean', { mean: true }],
    ['the mode of the base', shownOf({}, '', ['s/b'], ['s/a']), 'diff_base', 'base', { baseMode: 'base' }],
    ['a base', shownOf({}, '', ['s/b'], ['s/a']), 's/a', 's/c', { base: 'event', baseEvent: 's/c' }],
    ['a base that goes', shownOf({}, '', ['s/b'], ['s/a']), '-diff_base=s/a', '', { base: '' }],
    ['the function of peek', shownOf({ view: 'peek' }, filtered), '-peek=', '-peek=json', { peek: 'json' }],
    ['beside -http=: an option', shownOf({ view: 'sandwich', peek: 'x' }), ':', ': -mean', { mean: true }],
    ['-http=: for a report', shownOf({ view: 'sandwich', peek: 'x' }), '-http=:', '-top', { view: 'top', ...ofTop }],
    ['a report for -http=:', shownOf({ view: 'top' }), '-top', '-http=:', { view: 'flame' }],
  ])('%s', (_, shown, from, to, query) => {
    expect(shown).toContain(from);
    expect(edits(shown, from, to)).toEqual({ query, unknown: [] });
  });

  test('a file that the bucket does not have is named where it is new', () => {
    const shown = shownOf({ view: 'top' }, '', ['-rf.pb.gz']);
    expect(edits(shown, '-top', '-top -cum')).toEqual({ query: { sort: 'cum' }, unknown: [] });
    expect(edits(shown, './-rf.pb.gz', 'other.pb.gz')).toEqual({ query: {}, unknown: ['other.pb.gz'] });
  });

  test('another command can be put where the number of a query is none for pprof', () => {
    const shown = shownOf({ view: 'top', nodeCount: 1.5 });
    expect(applyCommand('go tool pprof -tree FILE', shown, isKey).query).toMatchObject({ view: 'tree', nodeCount: -1 });
  });
});
