// The workbench: settings, Explore and dashboards of the plugin where Grafana cannot run. It renders what the plugin
// returns with Grafana's own components and imitates nothing else of Grafana.
import {
  createTheme,
  dateTime,
  LoadingState,
  makeTimeRange,
  type DataFrame,
  type DataQueryResponse,
  type DataSourcePlugin,
  type TimeRange,
} from '@grafana/data';
import {
  Alert,
  Button,
  Combobox,
  Field,
  GlobalStyles,
  MultiCombobox,
  RadioButtonGroup,
  Spinner,
  Tab,
  TabsBar,
  ThemeContext,
  useTheme2,
} from '@grafana/ui';
import React, { useCallback, useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import type { Observable } from 'rxjs';
import goroutines from '../../src/dashboards/goroutines.json';
import heap from '../../src/dashboards/heap.json';
import tenants from '../../src/dashboards/tenants.json';
import { host, loadPlugin, startServices } from './host';
import { FrameView } from './panels';

type Plugin = DataSourcePlugin<any>;
const dashboards: Record<string, any> = { tenants, heap, goroutines };
const uid = 'pproflens';

/** The page's state lives in its address, so that a test or a link can open any of it. */
function useAddress(): [URLSearchParams, (patch: Record<string, string>) => void] {
  const [address, setAddress] = useState(() => new URLSearchParams(location.search));
  const change = useCallback((patch: Record<string, string>) => {
    const next = new URLSearchParams(location.search);
    Object.entries(patch).forEach(([name, value]) => next.set(name, value));
    history.replaceState(null, '', `?${next}`);
    setAddress(next);
  }, []);
  return [address, change];
}

const hours: Record<string, number> = { '15m': 0.25, '1h': 1, '6h': 6, '24h': 24 };
const rangeOf = (name: string): TimeRange => {
  const to = Date.now();
  return makeTimeRange(dateTime(to - (hours[name] ?? 1) * 3600_000), dateTime(to));
};

let requests = 0;
function runQueries(dataSource: any, targets: any[], range: TimeRange, scopedVars = {}): Observable<DataQueryResponse> {
  const request = {
    requestId: `W${requests++}`,
    targets,
    range,
    scopedVars,
    filters: [],
    interval: '1m',
    intervalMs: 60000,
    timezone: 'utc',
    app: 'explore',
    startTime: Date.now(),
  };
  return dataSource.query(request);
}

/** Runs queries and shows their frames as they come. */
function Results({
  dataSource,
  targets,
  range,
  scopedVars,
  height,
  only,
  onOpen,
  onFrames,
}: {
  dataSource: any;
  targets: any[];
  range: TimeRange;
  scopedVars?: object;
  height: number;
  only?: string;
  onOpen?: (query: any) => void;
  onFrames?: (frames: DataFrame[]) => void;
}) {
  const [response, setResponse] = useState<DataQueryResponse>();
  const key = JSON.stringify([targets, range.raw, range.from.valueOf(), scopedVars]);
  useEffect(() => {
    setResponse(undefined);
    const subscription = runQueries(dataSource, targets, range, scopedVars).subscribe({
      next(packet) {
        setResponse(packet);
        onFrames?.(packet.data as DataFrame[]);
      },
      error: (error) => setResponse({ data: [], errors: [{ message: error.message }] }),
    });
    return () => subscription.unsubscribe();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, dataSource]);
  if (!response) {
    return <Spinner />;
  }
  const frames = response.data as DataFrame[];
  const notices = frames.flatMap((frame) => frame.meta?.notices ?? []);
  const shown = frames.filter((frame) => !only || frame.meta?.preferredVisualisationType === only);
  return (
    <div data-state={response.state}>
      {response.errors?.map(({ message }) => (
        <Alert key={message} severity="error" title="The query failed">
          {message}
        </Alert>
      ))}
      {notices.map(({ severity, text }) => (
        <p key={text} className={`notice ${severity}`} role="note">
          {text}
        </p>
      ))}
      <FrameView frames={shown} range={range} height={height} onOpen={onOpen} />
    </div>
  );
}

function Config({ plugin, settings, save }: { plugin: Plugin; settings: any; save: (next: any) => Promise<any> }) {
  const [options, setOptions] = useState(settings);
  const [result, setResult] = useState<{ status: string; message: string }>();
  const Editor = plugin.components.ConfigEditor!;
  const saveAndTest = async () => {
    try {
      const dataSource = await save(options);
      setResult(await dataSource.testDatasource());
    } catch (error) {
      setResult({ status: 'error', message: (error as Error).message });
    }
  };
  return (
    <>
      <Editor options={options} onOptionsChange={setOptions} />
      {result && <Alert severity={result.status === 'success' ? 'success' : 'error'} title={result.message} />}
      <Button onClick={saveAndTest}>Save & test</Button>
    </>
  );
}

function Explore({
  plugin,
  dataSource,
  range,
  address,
  change,
}: {
  plugin: Plugin;
  dataSource: any;
  range: TimeRange;
  address: URLSearchParams;
  change: (patch: Record<string, string>) => void;
}) {
  const Editor = plugin.components.QueryEditor!;
  const stored = address.get('query');
  const query = stored ? JSON.parse(stored) : { refId: 'A', ...dataSource.getDefaultQuery('explore') };
  const setQuery = (next: any) => change({ query: JSON.stringify(next) });
  const [series, setSeries] = useState<DataFrame[]>([]);
  return (
    <>
      <Editor
        datasource={dataSource}
        query={query}
        onChange={setQuery}
        onRunQuery={() => {}}
        range={range}
        data={{ series, state: LoadingState.Done, timeRange: range }}
      />
      <section className="panel">
        <Results
          dataSource={dataSource}
          targets={[query]}
          range={range}
          height={520}
          onOpen={setQuery}
          onFrames={setSeries}
        />
      </section>
    </>
  );
}

const optionsOf = (values: string[]) => values.map((value) => ({ value, label: value }));

function Dashboard({
  model,
  dataSource,
  range,
  address,
  change,
}: {
  model: any;
  dataSource: any;
  range: TimeRange;
  address: URLSearchParams;
  change: (patch: Record<string, string>) => void;
}) {
  const variables = useMemo(() => model.templating.list.filter((v: any) => v.type !== 'datasource'), [model]);
  const [options, setOptions] = useState<Record<string, string[]>>();
  const valuesOf = (name: string): string[] => {
    const inAddress = address.get(`var-${name}`);
    const all = options?.[name] ?? [];
    const variable = variables.find((v: any) => v.name === name);
    if (inAddress) {
      return inAddress.split(',');
    }
    return variable.type === 'textbox' ? [''] : variable.multi ? all : all.slice(0, 1);
  };
  useEffect(() => {
    let current = true;
    (async () => {
      const found: Record<string, string[]> = {};
      for (const variable of variables.filter((v: any) => v.type === 'query')) {
        const values = await dataSource.metricFindQuery(variable.query, { range });
        found[variable.name] = values.map(({ text }: { text: string }) => text);
        const chosen = address.get(`var-${variable.name}`)?.split(',') ?? found[variable.name];
        host.variables[variable.name] = variable.multi ? chosen : (chosen[0] ?? '');
      }
      current && setOptions(found);
    })().catch(() => current && setOptions({}));
    return () => {
      current = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [dataSource, model, range]);
  if (!options) {
    return <Spinner />;
  }
  const scoped = Object.fromEntries(
    variables.map((v: any) => [v.name, { value: v.multi ? valuesOf(v.name) : (valuesOf(v.name)[0] ?? '') }])
  );
  const panels = model.panels.flatMap((panel: any) =>
    panel.repeat
      ? valuesOf(panel.repeat).map((value) => ({
          ...panel,
          id: `${panel.id}-${value}`,
          gridPos: { ...panel.gridPos, w: 24 / Math.min(valuesOf(panel.repeat).length, panel.maxPerRow ?? 4) },
          scoped: { ...scoped, [panel.repeat]: { value } },
        }))
      : [{ ...panel, scoped }]
  );
  const title = (panel: any) =>
    panel.title.replace(/\$\{?(\w+)\}?/g, (whole: string, name: string) =>
      [panel.scoped[name]?.value ?? whole].flat().join(', ')
    );
  return (
    <>
      <div className="variables">
        {variables.map((v: any) => (
          <Field key={v.name} label={v.label ?? v.name} htmlFor={`var-${v.name}`} noMargin>
            {v.multi ? (
              <MultiCombobox
                id={`var-${v.name}`}
                width={40}
                options={optionsOf(options[v.name] ?? [])}
                value={valuesOf(v.name)}
                onChange={(picked: any[]) => change({ [`var-${v.name}`]: picked.map(({ value }) => value).join(',') })}
              />
            ) : (
              <Combobox
                id={`var-${v.name}`}
                width={30}
                createCustomValue
                isClearable
                placeholder={v.type === 'textbox' ? 'latest' : ''}
                options={optionsOf(options[v.name] ?? [])}
                value={valuesOf(v.name)[0] || null}
                onChange={(picked: any) => change({ [`var-${v.name}`]: picked?.value ?? '' })}
              />
            )}
          </Field>
        ))}
      </div>
      <div className="grid">
        {panels.map((panel: any) =>
          panel.type === 'row' ? (
            <h2 key={panel.id} className="row">
              {panel.title}
            </h2>
          ) : (
            <section
              key={panel.id}
              className="panel"
              aria-label={title(panel)}
              style={{ gridColumn: `span ${panel.gridPos.w}` }}
            >
              <h3>{title(panel)}</h3>
              <Results
                dataSource={dataSource}
                targets={panel.targets}
                range={range}
                scopedVars={panel.scoped}
                height={panel.gridPos.h * 34}
                onOpen={(query) =>
                  model.uid === 'pproflens-heap'
                    ? change({ 'var-event': query.event })
                    : change({ tab: 'explore', query: JSON.stringify(query) })
                }
              />
            </section>
          )
        )}
      </div>
    </>
  );
}

function App({ plugin }: { plugin: Plugin }) {
  const [address, change] = useAddress();
  const [settings, setSettings] = useState<any>();
  const [dataSource, setDataSource] = useState<any>();
  const role = address.get('role') ?? 'Admin';
  const mode = address.get('theme') === 'light' ? 'light' : 'dark';
  const tab = address.get('tab') ?? 'explore';
  const rangeName = address.get('range') ?? '1h';
  const [run, setRun] = useState(0);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const range = useMemo(() => rangeOf(rangeName), [rangeName, run]);
  host.role = role;

  const open = useCallback(
    (stored: any) => {
      const instance = {
        ...stored,
        type: 'pproflens-pprof-datasource',
        url: `/api/datasources/proxy/uid/${uid}`,
        access: 'proxy',
        meta: {},
      };
      const created = new (plugin.DataSourceClass as any)(instance);
      host.dataSource = created;
      setSettings(stored);
      setDataSource(created);
      return created;
    },
    [plugin]
  );
  useEffect(() => {
    fetch(`/api/datasources/uid/${uid}`)
      .then((response) => response.json())
      .then(open);
  }, [open]);
  const save = async (next: any) => {
    const response = await fetch(`/api/datasources/uid/${uid}`, {
      method: 'PUT',
      headers: { 'x-workbench-role': role },
      body: JSON.stringify(next),
    });
    const body = await response.json();
    if (!response.ok) {
      throw new Error(body.message);
    }
    return open(body);
  };

  const theme = useMemo(() => createTheme({ colors: { mode } }), [mode]);
  const tabs: Record<string, string> = {
    config: 'Settings',
    explore: 'Explore',
    tenants: 'Tenants',
    heap: 'Heap',
    goroutines: 'Goroutines',
  };
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Frame>
        <header>
          <img src="/public/plugins/pproflens-pprof-datasource/img/logo.svg" alt="" width={28} height={28} />
          <h1>Pprof Lens</h1>
          <RadioButtonGroup
            size="sm"
            aria-label="Time range"
            options={Object.keys(hours).map((value) => ({ value, label: value }))}
            value={rangeName}
            onChange={(value) => change({ range: value })}
          />
          <Button size="sm" variant="secondary" icon="sync" onClick={() => setRun(run + 1)}>
            Refresh
          </Button>
          <RadioButtonGroup
            size="sm"
            aria-label="Role"
            options={['Admin', 'Viewer'].map((value) => ({ value, label: value }))}
            value={role}
            onChange={(value) => change({ role: value })}
          />
          <RadioButtonGroup
            size="sm"
            aria-label="Theme"
            options={['dark', 'light'].map((value) => ({ value, label: value }))}
            value={mode}
            onChange={(value) => change({ theme: value })}
          />
        </header>
        <TabsBar>
          {Object.entries(tabs).map(([id, label]) => (
            <Tab key={id} label={label} active={tab === id} onChangeTab={() => change({ tab: id })} />
          ))}
        </TabsBar>
        <main>
          {!dataSource ? (
            <Spinner />
          ) : tab === 'config' ? (
            <Config plugin={plugin} settings={settings} save={save} />
          ) : tab === 'explore' ? (
            <Explore plugin={plugin} dataSource={dataSource} range={range} address={address} change={change} />
          ) : (
            <Dashboard
              key={tab}
              model={dashboards[tab]}
              dataSource={dataSource}
              range={range}
              address={address}
              change={change}
            />
          )}
        </main>
      </Frame>
    </ThemeContext.Provider>
  );
}

function Frame({ children }: { children: React.ReactNode }) {
  const { colors, typography, shape } = useTheme2();
  const style = `
    body { margin: 0; background: ${colors.background.canvas}; overflow: auto; }
    header { display: flex; flex-wrap: wrap; align-items: center; gap: 12px; padding: 12px 16px; }
    header h1 { font-size: ${typography.h4.fontSize}; margin: 0; flex: 1; }
    main { padding: 16px; }
    .panel { background: ${colors.background.primary}; border: 1px solid ${colors.border.weak}; border-radius: ${shape.radius.default}; padding: 12px; min-width: 0; overflow: hidden; }
    .panel h3 { font-size: ${typography.h6.fontSize}; margin: 0 0 8px; }
    .grid { display: grid; grid-template-columns: repeat(24, minmax(0, 1fr)); gap: 12px; margin-top: 16px; }
    .row { grid-column: span 24; font-size: ${typography.h5.fontSize}; margin: 8px 0 0; }
    .variables { display: flex; flex-wrap: wrap; gap: 16px; }
    .notice { margin: 0 0 8px; font-size: ${typography.bodySmall.fontSize}; color: ${colors.text.secondary}; overflow-wrap: anywhere; }
    .notice.warning { color: ${colors.warning.text}; } .notice.error { color: ${colors.error.text}; }
    @media (max-width: 900px) { .grid > .panel { grid-column: span 24 !important; } }`;
  return (
    <>
      <style>{style}</style>
      {children}
    </>
  );
}

startServices();
const root = createRoot(document.getElementById('root')!);
loadPlugin().then(
  (plugin) => root.render(<App plugin={plugin} />),
  (error) => root.render(<p role="alert">{error.message}</p>)
);
