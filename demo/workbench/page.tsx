// The workbench: settings, Explore and dashboards of the plugin where Grafana cannot run. It renders what the plugin
// returns with Grafana's own components and imitates nothing else of Grafana.
import { createTheme, LoadingState, type DataFrame, type DataSourcePlugin, type GrafanaTheme2 } from '@grafana/data';
import { Alert, Button, GlobalStyles, RadioButtonGroup, Spinner, Tab, TabsBar, ThemeContext } from '@grafana/ui';
import { version } from '@grafana/ui/package.json';
import React, { useCallback, useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { dashboards, rangeOf, useAddress } from './address';
import { Dashboard } from './dashboard';
import { host, loadPlugin, setRole, startServices } from './host';
import { Results } from './panels';

type Plugin = DataSourcePlugin<any>;
const uid = 'pproflens';
const titles: Record<string, string> = {
  config: 'Settings',
  explore: 'Explore',
  incident: 'Memory incident',
  tenants: 'Tenants',
  heap: 'Heap',
  goroutines: 'Goroutines',
  trace: 'Execution trace',
  fleet: 'Fleet',
};

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
      <Editor options={{ ...options, version: settings.version }} onOptionsChange={setOptions} />
      {result && <Alert severity={result.status === 'success' ? 'success' : 'error'} title={result.message} />}
      <Button onClick={saveAndTest}>Save & test</Button>
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
  const [run, setRun] = useState(0);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const range = useMemo(() => rangeOf(address), [address.get('from'), address.get('to'), run]);
  setRole(role);

  const open = useCallback(
    (stored: any) => {
      const url = `/api/datasources/proxy/uid/${uid}`;
      const instance = { ...stored, type: 'pproflens-pprof-datasource', url, access: 'proxy', meta: {} };
      host.dataSource = new (plugin.DataSourceClass as any)(instance);
      setSettings(stored);
      setDataSource(host.dataSource);
      return host.dataSource;
    },
    [plugin]
  );
  useEffect(() => {
    fetch(`/api/datasources/uid/${uid}`)
      .then((response) => response.json())
      .then(open);
  }, [open]);
  const save = async (next: any) => {
    const request = { method: 'PUT', headers: { 'x-workbench-role': role }, body: JSON.stringify(next) };
    const response = await fetch(`/api/datasources/uid/${uid}`, request);
    const body = await response.json();
    if (!response.ok) {
      throw new Error(body.message);
    }
    return open(body);
  };

  const theme = useMemo(() => createTheme({ colors: { mode } }), [mode]);
  const choice = (label: string, values: string[], value: string, onChange: (value: string) => void) => (
    <RadioButtonGroup
      size="sm"
      aria-label={label}
      options={values.map((each) => ({ value: each, label: each }))}
      value={value}
      onChange={onChange}
    />
  );
  const refresh = () => setRun((runs) => runs + 1);
  const page = { plugin, dataSource, range, address, change, refresh };
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <style>{styleOf(theme)}</style>
      <header>
        <img src="/public/plugins/pproflens-pprof-datasource/img/logo.svg" alt="" width={28} height={28} />
        <h1>Pprof Lens</h1>
        <span>
          Grafana {version}, React {React.version}
        </span>
        {/^\d+$/.test(address.get('from') ?? '') && <span>until {range.to.toISOString()}</span>}
        {choice('Time range', ['15m', '1h', '6h', '24h'], (address.get('from') ?? 'now-1h').slice(4), (span) =>
          change({ from: `now-${span}`, to: 'now' })
        )}
        <Button size="sm" variant="secondary" icon="sync" onClick={refresh}>
          Refresh
        </Button>
        {choice('Role', ['Admin', 'Viewer'], role, (next) => change({ role: next }))}
        {choice('Theme', ['dark', 'light'], mode, (next) => change({ theme: next }))}
      </header>
      <TabsBar>
        {Object.entries(titles).map(([id, label]) => (
          <Tab key={id} label={label} active={tab === id} onChangeTab={() => change({ tab: id })} />
        ))}
      </TabsBar>
      <main>
        {!dataSource ? (
          <Spinner />
        ) : tab === 'config' ? (
          <Config plugin={plugin} settings={settings} save={save} />
        ) : tab in dashboards ? (
          <Dashboard key={tab} model={dashboards[tab]} {...page} />
        ) : (
          <Explore {...page} />
        )}
      </main>
    </ThemeContext.Provider>
  );
}

function Explore({ plugin, dataSource, range, address, change, refresh }: any) {
  const [series, setSeries] = useState<DataFrame[]>([]);
  const Editor = plugin.components.QueryEditor!;
  const stored = address.get('query');
  const query = stored ? JSON.parse(stored) : { refId: 'A', ...dataSource.getDefaultQuery('explore') };
  const data = { series, state: LoadingState.Done, timeRange: range };
  const onChange = (next: any) => change({ query: JSON.stringify(next) });
  return (
    <>
      {query.expr ? (
        <pre>{query.expr}</pre>
      ) : (
        <Editor datasource={dataSource} onRunQuery={refresh} {...{ query, onChange, range, data }} />
      )}
      <section className="panel">
        <Results app="explore" targets={[query]} height={520} onFrames={setSeries} {...{ dataSource, range }} />
      </section>
    </>
  );
}

const styleOf = ({ colors, typography, shape }: GrafanaTheme2) => `
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
  [data-testid='toggletip-content'] a { color: ${colors.text.link}; }
  .link { display: block; color: ${colors.text.link}; }
  .capture { position: absolute; border: 0; padding: 0; background: ${colors.primary.main}; cursor: pointer; }
  .diamond { width: 10px; height: 10px; left: -5px; top: -5px; transform: rotate(45deg); outline: 1px solid ${colors.background.primary}; z-index: 2; }
  .mark { width: 8px; height: 8px; left: -4px; border-radius: 0 0 4px 4px; z-index: 1; }
  .mark::before { content: ''; position: absolute; left: 3px; bottom: 8px; height: var(--height); border-left: 1px dashed ${colors.primary.main}; pointer-events: none; }
  .region { width: var(--length); height: 4px; }
  .histogram { display: flex; align-items: stretch; gap: 2px; font-size: ${typography.bodySmall.fontSize}; }
  .bucket { flex: 1; min-width: 0; display: flex; flex-direction: column; justify-content: flex-end; text-align: center; white-space: nowrap; }
  .bucket i { background: ${colors.primary.main}; } .bucket em { font-style: normal; overflow: hidden; color: ${colors.text.secondary}; }
  .timeline { overflow-y: auto; font-size: ${typography.bodySmall.fontSize}; }
  .states { display: flex; flex-wrap: wrap; gap: 12px; padding: 4px 0; } .states b { display: inline-block; width: 10px; height: 10px; }
  .lane { display: flex; gap: 8px; height: 20px; }
  .lane > a, .lane > span { flex: 0 0 260px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: ${colors.text.primary}; }
  .lane > a { color: ${colors.text.link}; }
  .lane > div { position: relative; flex: 1; background: ${colors.background.secondary}; margin-bottom: 3px; }
  .lane i { position: absolute; top: 0; bottom: 0; min-width: 1px; } .lane i.span { background: ${colors.primary.main}; }
  @media (max-width: 900px) { .grid > .panel { grid-column: span 24 !important; } }`;

startServices();
const root = createRoot(document.getElementById('root')!);
loadPlugin().then(
  (plugin) => root.render(<App plugin={plugin} />),
  (error) => root.render(<p role="alert">{error.message}</p>)
);
