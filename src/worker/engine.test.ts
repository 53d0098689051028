import type { Response } from './messages';

// A worker starts without the engine of regular expressions: here each test has the modules anew.
beforeEach(() => jest.resetModules());

async function answers() {
  const { createHandler } = await import('./handler');
  const { parseQuery } = await import('../query/query');
  const { encodeFolded } = await import('../testing/encode');
  const handle = createHandler();
  const samples = ['main.main;main.a', 'main.main;main.b'].map((stack) => ({ stack, values: [3] }));
  const bytes = encodeFolded({ types: ['cpu/nanoseconds'], samples }).slice().buffer;
  await handle({ id: 1, type: 'load', key: 'p', bytes } as never);
  let id = 1;
  const top = async (stored: object): Promise<Response> =>
    handle({ id: ++id, type: 'run', keys: { profile: 'p' }, origin: {}, query: parseQuery(stored) } as never);
  const isLoaded = async () => {
    const { compilePattern } = await import('../text/pattern');
    try {
      compilePattern('focus', 'a+');
      return true;
    } catch {
      return false;
    }
  };
  return { top, isLoaded };
}

const rows = (response: Response) => {
  if (response.type !== 'tables') {
    throw new Error(JSON.stringify(response));
  }
  return response.tables[0].length;
};

test('a query without patterns, or with plain text, is answered without the engine', async () => {
  const { top, isLoaded } = await answers();
  expect(rows(await top({ view: 'top', selector: '{}' }))).toBe(3);
  expect(rows(await top({ view: 'top', selector: '{}', focus: 'a|nothing' }))).toBe(3);
  expect(await isLoaded()).toBe(false);
});

test('one with a regular expression loads it', async () => {
  const { top, isLoaded } = await answers();
  expect(rows(await top({ view: 'top', selector: '{}', focus: 'main\\.[a-a]$' }))).toBe(2);
  expect(await isLoaded()).toBe(true);
  expect(await top({ view: 'top', selector: '{}', focus: '(' })).toMatchObject({
    type: 'error',
    message: expect.stringContaining('not a regular expression (RE2)'),
  });
});
