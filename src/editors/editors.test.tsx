import { dateTime, LoadingState, type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { setDataSourceSrv, type DataSourceSrv } from '@grafana/runtime';
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';
import type { PprofDataSource } from '../datasource';
import { parseSelector } from '../text/selector';
import { lendLayout } from '../testing/jsdom';
import type { PprofOptions, PprofQuery, PprofSecrets } from '../types';
import { ConfigEditor } from './ConfigEditor';
import { QueryEditor } from './QueryEditor';
import { QueryHelp } from './QueryHelp';
import { readFields, writeFields } from './selectorFields';

// Typing by user-event is slow on a busy machine.
jest.setTimeout(30_000);

beforeAll(lendLayout);

// React and Grafana's components say there what an editor does wrong.
const said: unknown[][] = [];
beforeEach(() => {
  said.length = 0;
  for (const method of ['error', 'warn'] as const) {
    jest.spyOn(console, method).mockImplementation((...args: unknown[]) => void said.push(args));
  }
});
afterEach(() => expect(said).toEqual([]));

const now = dateTime(Date.parse('2026-11-03T15:00:00Z'));
const range = { from: now, to: now, raw: { from: now, to: now } };

/** @param executedQueryString of the frame that the query got */
function renderQueryEditor(start: Partial<PprofQuery>, executedQueryString?: string) {
  const onRunQuery = jest.fn();
  const seen: { query: PprofQuery } = { query: { refId: 'A', ...start } };
  const suggestions = jest.fn(async () => ({
    labels: { service: ['ingester', 'querier'], profile: ['cpu', 'heap'], tenant_id: ['acme', 'globex'], 'a b': ['x'] },
    sampleTypes: ['samples', 'cpu'],
  }));
  function Host() {
    const [query, setQuery] = useState(seen.query);
    const onChange = (changed: PprofQuery) => {
      seen.query = changed;
      setQuery(changed);
    };
    const datasource = {
      suggestions,
      sampleFilters: (selector: string) => {
        try {
          return parseSelector(selector).filter(({ name }) => name === 'tenant_id');
        } catch {
          return [];
        }
      },
      isKey: (path: string) => path.includes('/'),
    } as unknown as PprofDataSource;
    const series = [{ refId: 'A', fields: [], length: 0, meta: { executedQueryString } }];
    const data = executedQueryString ? { series, state: LoadingState.Done, timeRange: range } : undefined;
    return <QueryEditor {...{ datasource, query, range, data, onChange, onRunQuery }} />;
  }
  render(<Host />);
  return { seen, onRunQuery, suggestions, user: userEvent.setup() };
}

/** Chooses by keyboard: jsdom has no layout, so the list itself, which draws only what is in view, stays empty. */
async function pick(user: ReturnType<typeof userEvent.setup>, label: string | RegExp, text: string) {
  await user.click(screen.getByLabelText(label));
  await user.keyboard(text);
  await act(() => new Promise((resolve) => setTimeout(resolve, 300))); // Combobox waits for the last key typed.
  await user.keyboard('{ArrowDown}{Enter}');
}

/** Fields a screen reader could not name. */
const unnamed = () =>
  [...document.querySelectorAll<HTMLInputElement>('input, textarea')].filter(
    (input) => !input.labels?.length && !input.getAttribute('aria-label')
  );

describe('query editor', () => {
  test.each(['flame', 'top', 'tags', 'captures', 'series'] as const)('every field of view %s has a name', (view) => {
    renderQueryEditor({ view, selector: '{service="ingester", tenant_id="acme"}', capture: 'event' });
    expect(screen.getByLabelText('View')).toBeInTheDocument();
    expect(unnamed()).toEqual([]);
  });

  test('a stored query that cannot be read is shown as far as it can', () => {
    renderQueryEditor({ view: 'none', selector: 5, focus: ['a'], ignore: '^runtime' } as object);
    expect(screen.getByLabelText('Ignore')).toHaveValue('^runtime');
    expect(screen.getByLabelText('Focus')).toHaveValue('');
  });

  test.each([
    ['top', ['Node count', 'Sort'], ['Function', 'Group by']],
    ['tags', ['Mean'], ['Node count', 'Granularity', 'Full names']],
    ['peek', ['Function', 'Granularity'], ['Draw']],
    ['states', ['Search', 'Focus'], ['Known benign', 'Signature', 'Sample type', 'Unit', 'Compare with']],
    ['captures', ['Captures'], ['Focus', 'Compare with', 'Sample type', 'Options of pprof']],
  ] as const)('the form of view %s has the fields that it uses', async (view, shown, others) => {
    const { user } = renderQueryEditor({ view, selector: '' });
    const options = screen.queryByRole('button', { name: 'Options of pprof' });
    if (options) {
      await user.click(options);
    }
    const has = (label: string) => screen.queryAllByLabelText(label).length + screen.queryAllByText(label).length > 0;
    expect(shown.filter((label) => !has(label))).toEqual([]);
    expect(others.filter(has)).toEqual([]);
  });

  test('a service is chosen with the keyboard, from what the bucket has', async () => {
    const { user, seen, onRunQuery, suggestions } = renderQueryEditor({
      selector: '{profile="cpu", tenant_id="acme"}',
    });
    await pick(user, 'Service', 'querier');
    expect(suggestions).toHaveBeenCalled();
    expect(seen.query.selector).toBe('{service="querier", profile="cpu", tenant_id="acme"}');
    expect(onRunQuery).toHaveBeenCalled();
  });

  test('a label is added, and the query runs when it has a value', async () => {
    const { user, seen, onRunQuery } = renderQueryEditor({ selector: '{profile="cpu"}' });
    await pick(user, 'Add label', 'tenant_id');
    expect(seen.query.selector).toBe('{profile="cpu", tenant_id=""}');
    expect(onRunQuery).not.toHaveBeenCalled();
    await pick(user, 'Label 1 value', 'globex');
    expect(seen.query.selector).toBe('{profile="cpu", tenant_id="globex"}');
    expect(onRunQuery).toHaveBeenCalledTimes(1);
    await user.click(screen.getByRole('button', { name: 'Remove label 1' }));
    expect(seen.query.selector).toBe('{profile="cpu"}');
  });

  test('the selector as text runs on Enter, not on each key', async () => {
    const { user, seen, onRunQuery } = renderQueryEditor({ selector: '{profile="cpu"}' });
    await user.click(screen.getByRole('button', { name: 'Edit as text' }));
    const text = screen.getByLabelText('Selector');
    await user.clear(text);
    await user.type(text, '{{service=~"a|b"}');
    expect(onRunQuery).not.toHaveBeenCalled();
    await user.keyboard('{Enter}');
    expect(seen.query.selector).toBe('{service=~"a|b"}');
    await user.click(screen.getByRole('button', { name: 'Edit as fields' }));
    expect(screen.getByLabelText('Label 1 value')).toHaveValue('a|b');
  });

  test.each(['goroutines', 'creators', 'blockers', 'leaks', 'leakSeries', 'states'] as const)(
    'every field of view %s has a name, and what other profiles have is away',
    async (view) => {
      const { user } = renderQueryEditor({ view, selector: '{profile="goroutine"}', base: 'previous' });
      expect(screen.getByLabelText('Search')).toBeInTheDocument();
      for (const label of ['Scale', 'Command', 'Estimate']) {
        expect(screen.queryByLabelText(label)).toBeNull();
      }
      expect(screen.queryByLabelText('Compare with') !== null).toBe(view === 'goroutines' || view === 'creators');
      const benign = screen.queryByRole('button', { name: 'Known benign' });
      expect(benign !== null).toBe(view === 'leaks' || view === 'leakSeries');
      if (benign) {
        await user.click(benign);
      }
      expect(unnamed()).toEqual([]);
    }
  );

  test('a search, and a list of benign functions that is emptied, become the query', async () => {
    const { user, seen, onRunQuery } = renderQueryEditor({ view: 'leaks', selector: '{profile="goroutine"}' });
    await user.type(screen.getByLabelText('Search'), 'dups > 5{Enter}');
    expect(seen.query.search).toBe('dups > 5');
    expect(onRunQuery).toHaveBeenCalledTimes(1);
    await user.click(screen.getByRole('button', { name: 'Known benign' }));
    const list = screen.getByLabelText('Functions');
    await user.clear(list);
    await user.type(list, '^main\\.pool$');
    await user.tab();
    expect(seen.query.benign).toBe('^main\\.pool$');
    expect(screen.getByRole('button', { name: 'Known benign: changed' })).toBeInTheDocument();
    await user.clear(screen.getByLabelText('Functions'));
    await user.tab();
    expect(seen.query.benign).toContain('^runtime\\.');
    await user.click(screen.getByLabelText('Collapse std'));
    expect(seen.query.collapseStd).toBe(false);
  });

  test('a search that is still set is shown with every view', () => {
    renderQueryEditor({ view: 'flame', search: 'id == 1' });
    expect(screen.getByLabelText('Search')).toHaveValue('id == 1');
    expect(screen.queryByLabelText('Collapse std')).toBeNull();
  });

  test.each(['go tool pprof -top -tagfocus=tenant_id=^acme$ -relative_percentages s/cpu.pb.gz', undefined])(
    "the query's own command, %s, edited: only that changes, and nothing is said to be left out",
    async (executed) => {
      const start = {
        view: 'top',
        selector: '{service="ingester", profile="cpu", tenant_id="acme"}',
        capture: 'latest',
      } as const;
      const { user, seen, onRunQuery } = renderQueryEditor(start, executed);
      await user.click(screen.getByRole('button', { name: 'Command' }));
      const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Command' });
      expect(field.value).toContain('-tagfocus=tenant_id=^acme$');
      const edited = field.value.replace('-top', '-top -cum');
      await user.clear(field);
      await user.type(field, `${edited}{Enter}`);
      expect(seen.query).toEqual({ refId: 'A', ...start, sort: 'cum' });
      expect(onRunQuery).toHaveBeenCalledTimes(1);
      expect(screen.queryByText(/pprof has no flag/)).toBeNull();
    }
  );

  test('a selector that cannot be read stays as text', () => {
    renderQueryEditor({ selector: '{service=' });
    expect(screen.getByLabelText('Selector')).toHaveValue('{service=');
    expect(screen.queryByRole('button', { name: 'Edit as fields' })).toBeNull();
  });

  test('what fields write, fields read', () => {
    const fields = {
      service: 'a"b\\',
      profile: 'cpu',
      filters: [{ name: 'tenant_id', op: '!~', value: 'x|y' }],
    } as const;
    expect(readFields(writeFields(fields))).toEqual(fields);
  });
});

test('help: an example becomes a query', async () => {
  const onClickExample = jest.fn();
  render(<QueryHelp datasource={undefined as never} query={{ refId: 'A' }} onClickExample={onClickExample} />);
  await userEvent.click(screen.getByRole('button', { name: /CPU of one tenant/ }));
  expect(onClickExample).toHaveBeenCalledWith(expect.objectContaining({ refId: 'A', view: 'flame', capture: 'merge' }));
});

type Options = DataSourcePluginOptionsEditorProps<PprofOptions, PprofSecrets>['options'];

async function renderConfigEditor(start: Partial<Options>, keys: string[] = []) {
  const none = { getList: () => [], getInstanceSettings: () => undefined };
  setDataSourceSrv({ get: async () => ({ previewKeys: async () => keys }), ...none } as unknown as DataSourceSrv);
  const seen = { options: { uid: 'u', version: 1, jsonData: {}, secureJsonFields: {}, ...start } as Options };
  function Host() {
    const [options, setOptions] = useState(seen.options);
    const onOptionsChange = (changed: Options) => {
      seen.options = changed;
      setOptions(changed);
    };
    return <ConfigEditor options={options} onOptionsChange={onOptionsChange} />;
  }
  render(<Host />);
  await screen.findByLabelText(/Bucket URL/);
  return { seen, user: userEvent.setup() };
}

describe('config editor', () => {
  test('every field has a name, also those that switches open', async () => {
    await renderConfigEditor({
      jsonData: { authMethod: 'headers', httpHeaderName1: 'X', tlsAuth: true, tlsAuthWithCACert: true },
    });
    expect(unnamed()).toEqual([]);
  });

  test('real keys are shown as the layout reads them, anew at each change of the template', async () => {
    const keys = ['prod/a/heap.pb.gz', 'prod/b/cpu.pb.gz', 'prod/notes'];
    const jsonData: PprofOptions = { layout: 'custom', layoutTemplate: '{service}/{profile}.{ext}', prefix: 'prod/' };
    const { user } = await renderConfigEditor({ jsonData }, keys);
    expect(await screen.findByText('The layout reads 2 of the first 3 keys.')).toBeInTheDocument();
    expect(screen.getByRole('row', { name: /prod\/a\/heap.pb.gz service=a · profile=heap/ })).toBeInTheDocument();
    await user.type(screen.getByLabelText(/^Template/), '.bak');
    expect(await screen.findByText('The layout reads 0 of the first 3 keys.')).toBeInTheDocument();
  });

  test('the layout that reads most keys is suggested, with a count', async () => {
    const keys = [1, 2, 3].map((i) => `n1/memprof.2026-11-03T14_22_33.45${i}.6979321856.pprof`);
    const { seen, user } = await renderConfigEditor({ jsonData: {} }, [...keys, 'readme']);
    expect(await screen.findByText('The layout reads 0 of the first 4 keys.')).toBeInTheDocument();
    expect(screen.getByText(/"CockroachDB" reads 3 of them/)).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Use it' }));
    expect(seen.options.jsonData.layout).toBe('cockroachdb');
    expect(await screen.findByText('The layout reads 3 of the first 4 keys.')).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'Use it' })).not.toBeInTheDocument();
  });

  test('the key preview says nothing of settings that are no longer saved, in whatever order answers come', async () => {
    const answers: Array<{ resolve: (keys: string[]) => void; reject: (error: Error) => void }> = [];
    const previewKeys = () => new Promise<string[]>((resolve, reject) => answers.push({ resolve, reject }));
    setDataSourceSrv({
      get: async () => ({ previewKeys }),
      getList: () => [],
      getInstanceSettings: () => undefined,
    } as unknown as DataSourceSrv);
    const editor = (version: number) => {
      const options = { uid: 'u', version, jsonData: {}, secureJsonFields: {} } as Options;
      return <ConfigEditor options={options} onOptionsChange={jest.fn()} />;
    };
    const settle = () => act(() => new Promise((resolve) => setTimeout(resolve)));
    const { rerender } = render(editor(1));
    await settle();
    answers[0].reject(new Error('wrong bucket'));
    expect(await screen.findByText('wrong bucket')).toBeInTheDocument();
    rerender(editor(2));
    expect(screen.queryByText('wrong bucket')).toBeNull();
    await settle();
    rerender(editor(3));
    await settle();
    answers[2].resolve(['a/b/c']);
    expect(await screen.findByText(/first 1 keys/)).toBeInTheDocument();
    answers[1].reject(new Error('too late'));
    await settle();
    expect(screen.queryByText('too late')).toBeNull();
    expect(screen.getByText(/first 1 keys/)).toBeInTheDocument();
  });

  test('a template that cannot be compiled says why', async () => {
    await renderConfigEditor({ jsonData: { layout: 'custom', layoutTemplate: '{a}{b}' } });
    expect(screen.getByText(/side by side/)).toBeInTheDocument();
  });

  test('a bearer token is a secret header', async () => {
    const { seen, user } = await renderConfigEditor({
      jsonData: { authMethod: 'bearer', httpHeaderName1: 'Authorization' },
    });
    await user.type(screen.getByLabelText(/^Token/), 'abc');
    expect(seen.options.secureJsonData).toEqual({ httpHeaderValue1: 'Bearer abc' });
    expect(screen.getByLabelText(/^Token/)).toHaveValue('abc');
    expect(JSON.stringify(seen.options.jsonData)).not.toContain('abc');
  });

  test('headers are numbered without a gap, and a removed one is forgotten', async () => {
    const { seen, user } = await renderConfigEditor({ jsonData: { authMethod: 'headers', httpHeaderName1: 'X-A' } });
    await user.click(screen.getByRole('button', { name: 'Add header' }));
    await user.type(screen.getByLabelText('Header 2'), 'X-B');
    await user.type(screen.getByLabelText('Value 2'), 's');
    expect(seen.options.jsonData).toMatchObject({ httpHeaderName1: 'X-A', httpHeaderName2: 'X-B' });
    await user.click(screen.getByRole('button', { name: 'Remove header 2' }));
    expect(seen.options.jsonData.httpHeaderName2).toBeUndefined();
    expect(seen.options.secureJsonData).toEqual({ httpHeaderValue2: '' });
  });

  test('another method forgets the credentials of the former one', async () => {
    const jsonData: PprofOptions = { authMethod: 'bearer', httpHeaderName1: 'Authorization' };
    const { seen, user } = await renderConfigEditor({ jsonData, secureJsonFields: { httpHeaderValue1: true } });
    await pick(user, /^Method/, 'No auth');
    expect(seen.options).toMatchObject({
      basicAuth: false,
      secureJsonData: { httpHeaderValue1: '' },
      secureJsonFields: { httpHeaderValue1: false },
    });
    expect(seen.options.jsonData).toEqual({ authMethod: 'none', httpHeaderName1: undefined });
  });
});
