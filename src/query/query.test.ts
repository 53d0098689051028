import { decode } from '../decode/decode';
import { merge } from '../ops/merge';
import type { Profile } from '../profile/profile';
import { encodeFolded, type FoldedSample } from '../testing/encode';
import { printFlame, printProfile } from '../testing/print';
import { column, isText, textsOf, type Table } from '../views/table';
import { parseQuery, defaultQuery } from './query';
import { runStored } from '../testing/runStored';
import { compileMatcher } from '../text/matcher';
import { parseSelector, namedValuesTest, possibleValues, printSelector, type Matcher } from '../text/selector';

const profile = (samples: FoldedSample[]): Promise<Profile> =>
  decode(encodeFolded({ types: ['samples/count', 'cpu/nanoseconds'], samples }));

const cpu = () =>
  profile([
    { stack: 'main;f', values: [1, 10], labels: { tenant_id: 'acme' } },
    { stack: 'main;f;g', values: [2, 20], labels: { tenant_id: 'globex' } },
    { stack: 'main;g', values: [3, 30], labels: { tenant_id: 'globex', bytes: [2048, 'bytes'] } },
    { stack: 'main', values: [4, 40] },
  ]);

const rows = (table: Table): string[] =>
  Array.from({ length: table.length }, (_, i) =>
    table.columns.map((each) => (isText(each) ? textsOf(each)[i] : Number(Number(each.values[i]).toFixed(2)))).join(' ')
  );

describe('selector', () => {
  it.each([
    ['', '{}'],
    ['{}', '{}'],
    ['service="a"', '{service="a"}'],
    ['{ a = "x", b!~`y\\d+` ,c=~\'p|q\', }', '{a="x", b!~"y\\\\d+", c=~"p|q"}'],
    ['{a="q\\"b\\\\"}', '{a="q\\"b\\\\"}'],
  ])('%j reads as %j', (text, printed) => {
    expect(printSelector(parseSelector(text))).toBe(printed);
    expect(parseSelector(printed)).toEqual(parseSelector(text));
  });

  it('is printed so that no name and no value ends it', () => {
    const hostile = ['`', '"', "'", '\\', '\n', '\r', '\u2028', '}', '{', ',', '=', 'a', ' ', '$x', 'ö'];
    const texts = ['', ...hostile, ...hostile.flatMap((a) => hostile.map((b) => `${a}${b}`)), '`}, x="', '\\", y="'];
    for (const text of texts) {
      const matchers: Matcher[] = [
        { name: 'service', op: '=', value: text },
        { name: text, op: '!~', value: text },
      ];
      expect(parseSelector(printSelector(matchers))).toEqual(matchers);
    }
    expect(printSelector(parseSelector('{"my label"="x"}'))).toBe('{"my label"="x"}');
    expect(parseSelector('{\'a\'="x"}')).toEqual(parseSelector('{a="x"}'));
  });

  it.each([
    ['{a}', /expected =, !=, =~ or !~ at position 3/],
    ['{a="x" b="y"}', /expected "," or "}" at position 8/],
    ['{a=x}', /expected a quoted value at position 4/],
    ['{="x"}', /expected a label name at position 2/],
    ['{a="x"', /expected "," or "}".*its end/],
  ])('%j is an error with its place', (text, message) => {
    expect(() => parseSelector(text)).toThrow(message);
  });

  it('matches whole values; a missing label is empty', () => {
    const matches = (text: string, labels: Record<string, string>) =>
      parseSelector(text).every((matcher) =>
        compileMatcher(matcher)(Object.hasOwn(labels, matcher.name) ? labels[matcher.name] : '')
      );
    expect(matches('a=~"x|y.*"', { a: 'yes' })).toBe(true);
    expect(matches('a=~"e"', { a: 'yes' })).toBe(false);
    expect(matches('a!="x"', {})).toBe(true);
    expect(matches('a=""', {})).toBe(true);
    expect(matches('constructor!=""', {})).toBe(false);
    expect(() => matches('a=~"("', { a: '' })).toThrow(/pattern for a is not a regular expression/);
    expect(possibleValues(parseSelector('{a=~"x|y", b=~"x.*"}'), 'a')).toEqual(['x', 'y']);
    expect(possibleValues(parseSelector('{a=~"x|y", b=~"x.*"}'), 'b')).toBeUndefined();
  });

  it('reads alternatives of plain text without a regular expression', () => {
    const values = (pattern: string) => possibleValues([{ name: 'a', op: '=~', value: pattern }], 'a');
    expect(values('x|y')).toEqual(['x', 'y']);
    expect(values(String.raw`10\.0\.0\.1|a\|b|é ü`)).toEqual(['10.0.0.1', 'a|b', 'é ü']);
    for (const pattern of [String.raw`\d`, 'a.', '(a)', 'a|', '[a]', 'a{2}', '^a', 'a\\']) {
      expect(values(pattern)).toBeUndefined();
    }
    for (const [pattern, value] of [
      ['a|', ''],
      [String.raw`a\.b`, 'a.b'],
    ]) {
      expect(compileMatcher({ name: 'a', op: '=~', value: pattern })(value)).toBe(true);
      expect(compileMatcher({ name: 'a', op: '!~', value: pattern })(value)).toBe(false);
    }
    // What a variable's All is, as an engine of regular expressions has it.
    for (const [pattern, same] of [
      ['.*', '(?:.*)'],
      ['.+', '(?:.+)'],
    ]) {
      for (const op of ['=~', '!~'] as const) {
        for (const value of ['', 'a', 'a\nb', '\u2028']) {
          const expected = compileMatcher({ name: 'a', op, value: same })(value);
          expect(namedValuesTest({ name: 'a', op, value: pattern })?.(value)).toBe(expected);
        }
      }
    }
  });
});

describe('run', () => {
  const query = (patch: object) => ({ ...defaultQuery, ...patch });

  it.each([
    ['tenant_id="acme"', 10],
    ['tenant_id!="acme"', 90],
    ['tenant_id=~"acme|globex"', 60],
    ['tenant_id!~".+"', 40],
    ['bytes="2kb"', 30],
    ['bytes="1kb:4kb"', 30],
    ['bytes="4kb:"', 0],
    ['tenant_id="globex", bytes!="2kb"', 20],
  ])('the label filter %s keeps %d ns', async (selector, expected) => {
    const [table] = runStored(query({ selector, sampleIndex: 'cpu' }), { profile: await cpu() });
    expect(column(table, 'value').values[0]).toBe(expected);
  });

  it('tag root and tag leaf frame every stack', async () => {
    const [table] = runStored(query({ tagRoot: 'tenant_id' }), { profile: await cpu() });
    expect(printFlame(table)).toEqual([
      'total 100',
      '  globex 50',
      '    main 50',
      '      g 30 (self 30)',
      '      f 20',
      '        g 20 (self 20)',
      '  <unknown> 40',
      '    main 40 (self 40)',
      '  acme 10',
      '    main 10',
      '      f 10 (self 10)',
    ]);
    const [leaf] = runStored(query({ tagLeaf: 'bytes', selector: 'tenant_id="globex"' }), { profile: await cpu() });
    expect(printFlame(leaf).map((line) => line.trim())).toContain('2kB 30 (self 30)');
  });

  it('top and tags are exact', async () => {
    const [top] = runStored(query({ view: 'top' }), { profile: await cpu() });
    expect(rows(top)).toEqual(['g 50 50 50 50 50 g', 'main 40 40 100 100 90 main', 'f 10 10 30 30 100 f']);
    const [tags] = runStored(query({ view: 'tags' }), { profile: await cpu() });
    expect(rows(tags)).toEqual(['bytes 2kB 30 30', 'tenant_id globex 50 50', 'tenant_id acme 10 10']);
  });

  it('says why nothing is left', async () => {
    const [none] = runStored(query({ selector: 'tenant="acme"' }), { profile: await cpu() });
    expect(none.notices[0].text).toBe(
      'No sample matches tenant="acme": there is no label "tenant"; the samples have bytes, tenant_id.'
    );
    expect(none.length).toBe(1);
  });
});

describe('states of goroutines', () => {
  const goroutines = async () =>
    decode(
      encodeFolded({
        types: ['goroutine/count'],
        samples: [
          { stack: 'main;f;runtime.selectgo;runtime.gopark', values: [3] },
          { stack: 'main;g;runtime.chanrecv;runtime.gopark', values: [4] },
        ],
      })
    );

  it('are there where a query names them', async () => {
    const ask = {
      ...defaultQuery,
      view: 'flame',
      tagRoot: 'state_class',
      selector: '{state=~"select|chan receive"}',
    } as const;
    const [table] = runStored(ask, { profile: await goroutines() });
    expect(printFlame(table).filter((line) => /^ {2}\S/.test(line))).toEqual(['  channel 4', '  select 3']);
    expect(table.notices).toEqual([{ severity: 'info', text: expect.stringMatching(/^States are inferred/) }]);
    const [filtered] = runStored(
      { ...defaultQuery, view: 'tags', selector: '{state="select"}' },
      { profile: await goroutines() }
    );
    expect(rows(filtered)).toEqual(['state select 3 100', 'state_class select 3 100']);
  });

  it('and not where none does', async () => {
    const [table] = runStored({ ...defaultQuery, view: 'tags' }, { profile: await goroutines() });
    expect(table.length).toBe(0);
  });
});

describe('merge', () => {
  it('adds up what is the same and keeps the rest, in either order', async () => {
    const a = await cpu();
    const b = await profile([
      { stack: 'main;f', values: [1, 5], labels: { tenant_id: 'acme' } },
      { stack: 'main;new', values: [7, 7] },
      { stack: 'main;zero', values: [0, 0] },
    ]);
    const lines = printProfile(merge([a, b]));
    expect(lines).toContain('main;f 2 15 {tenant_id=acme}');
    expect(lines).toContain('main;new 7 7');
    expect(lines).toHaveLength(5);
    expect([...printProfile(merge([b, a]))].sort()).toEqual([...lines].sort());
    expect(printProfile(merge([a]))).toEqual(printProfile(a));
  });

  it('refuses profiles without a common type and says which they have', async () => {
    const heap = await decode(encodeFolded({ types: ['inuse_space/bytes'], samples: [] }));
    expect(() => merge([heap, heap])).not.toThrow();
    await expect(cpu().then((p) => merge([p, heap]))).rejects.toThrow(/one has samples in count.*another inuse_space/);
  });
});

test.each<[object, RegExp]>([
  [{ base: 'zzz' }, /base is "zzz": expected one of previous, first,/],
  [{ view: 'nope' }, /view is "nope": expected one of flame, .*growth, .*exemplars/],
  [{ focus: { a: 1 } }, /focus is {"a":1}: expected a string/],
  [{ divideBy: '2' }, /divideBy is "2": expected a number/],
  [{ trim: 1 }, /trim is 1: expected a boolean/],
  [{ maxNodes: -5 }, /maxNodes is -5: expected at least 1/],
])('a stored query with %j is refused', (part, message) => {
  expect(() => parseQuery(defaultQuery)).not.toThrow();
  expect(() => parseQuery({ ...defaultQuery, ...part })).toThrow(message);
});
