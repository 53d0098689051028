import { chromium, type Browser, type Page } from '@playwright/test';
import { allDrawn } from './helpers';

// node scripts/run-ts.mjs tests/grafana/opening.ts
//
// How long it takes in a Grafana that runs (GRAFANA_URL), in ms, each the median of five browsers that know nothing yet:
//   incident   Memory incident from the click on its name in the list of dashboards until no panel loads
//   explore    the first flame graph of Explore, from the address
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

async function incident(page: Page): Promise<number> {
  await page.goto('/dashboards?query=Memory%20incident');
  const link = page.getByRole('link', { name: 'Memory incident' }).first();
  await link.waitFor();
  await page.waitForLoadState('networkidle');
  const begun = await page.evaluate(() => performance.now());
  await link.click();
  return (await allDrawn(page)) - begun;
}

async function explore(page: Page): Promise<number> {
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
  return page.evaluate(() => performance.now());
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium' });
const result: Record<string, { median: number; all: number[] }> = {};
for (const [name, measure] of Object.entries({ incident, explore })) {
  const all: number[] = [];
  for (let i = 0; i < 5; i++) {
    const page = await login(browser);
    all.push(Math.round(await measure(page)));
    await page.context().close();
  }
  all.sort((a, b) => a - b);
  result[name] = { median: all[2], all };
}
await browser.close();
process.stdout.write(`${JSON.stringify(result)}\n`);
