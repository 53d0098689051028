import { chromium, type Browser, type Page } from '@playwright/test';
import { allDrawn } from './helpers';

// node scripts/run-ts.mjs tests/grafana/opening.ts
//
// How long it takes in a Grafana that runs (GRAFANA_URL), in ms, each the median of five browsers that know nothing yet:
//   incident   Memory incident from the click on its name in the list of dashboards until no panel loads
//   explore    the first flame graph of Explore, from the address
// and how long the page's main thread worked for it by its own clock, which others on the machine do not slow down.
// GRAFANA_USER and GRAFANA_PASSWORD are admin where they are not set.

const { GRAFANA_URL = 'http://127.0.0.1:3000', GRAFANA_USER = 'admin', GRAFANA_PASSWORD = 'admin' } = process.env;

async function login(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ baseURL: GRAFANA_URL, viewport: { width: 1280, height: 4500 } });
  const response = await context.request.post('/login', { data: { user: GRAFANA_USER, password: GRAFANA_PASSWORD } });
  if (!response.ok()) {
    throw new Error(`Grafana at ${GRAFANA_URL} answered ${response.status()} to the login of ${GRAFANA_USER}.`);
  }
  return context.newPage();
}

interface Measured {
  readonly time: number;
  readonly mainThread: number;
}

/** Time that the main thread has worked so far, in ms. */
async function worked(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN);
  };
}

async function incident(page: Page): Promise<Measured> {
  const mainThread = await worked(page);
  await page.goto('/dashboards?query=Memory%20incident');
  const link = page.getByRole('link', { name: 'Memory incident' }).first();
  await link.waitFor();
  await page.waitForLoadState('networkidle');
  const [begun, before] = [await page.evaluate(() => performance.now()), await mainThread()];
  await link.click();
  return { time: (await allDrawn(page)) - begun, mainThread: (await mainThread()) - before };
}

async function explore(page: Page): Promise<Measured> {
  const mainThread = await worked(page);
  const query = {
    refId: 'A',
    datasource: { type: 'pproflens-pprof-datasource', uid: 'pproflens' },
    view: 'flame',
    capture: 'peak',
    selector: '{service="checkout", profile="heap"}',
  };
  const pane = { datasource: 'pproflens', queries: [query], range: { from: 'now-1h', to: 'now' } };
  const panes = JSON.stringify({ one: pane });
  await page.goto(`/explore?${new URLSearchParams({ schemaVersion: '1', orgId: '1', panes })}`, {
    waitUntil: 'commit',
  });
  await page
    .getByText(/samples \(RAM\)/)
    .first()
    .waitFor();
  return { time: await page.evaluate(() => performance.now()), mainThread: await mainThread() };
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium' });
const result: Record<string, object> = {};
const summary = (numbers: number[]) => {
  const all = numbers.map(Math.round).sort((a, b) => a - b);
  return { median: all[all.length >> 1], all };
};
for (const [name, measure] of Object.entries({ incident, explore })) {
  const measured: Measured[] = [];
  for (let i = 0; i < 5; i++) {
    const page = await login(browser);
    measured.push(await measure(page));
    await page.context().close();
  }
  result[name] = {
    ...summary(measured.map(({ time }) => time)),
    mainThread: summary(measured.map(({ mainThread }) => mainThread)),
  };
}
await browser.close();
process.stdout.write(`${JSON.stringify(result)}\n`);
