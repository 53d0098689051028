import type { Browser, Page } from '@playwright/test';
import { withDemo } from './demo';
import { heaps } from './heaps';
import { round } from './median';

// npm run bench:refresh [REFRESHES]
//
// *Memory incident* in the workbench: how long it takes from the click to the last panel, by five cold starts; then how much
// the page's main thread and the worker hold before and after 50 refreshes, after a garbage collection, and what the bucket
// was asked meanwhile.

const refreshes = Number(process.argv[2] ?? 50);
const dashboard = 'var-service=checkout&var-instance=checkout-0';

/** Until no panel waits for its data. */
const drawn = (page: Page) =>
  page.waitForFunction(
    () =>
      document.querySelectorAll('.grid .panel').length > 4 &&
      document.querySelector('.grid [data-state="Loading"], .grid [data-testid="Spinner"]') === null,
    undefined,
    { timeout: 60_000, polling: 'raf' }
  );

/** In ms: from the click on its tab, the plugin loaded and nothing asked, to the last panel. */
async function opening(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/?tab=config&${dashboard}`);
  const tab = page.getByRole('tab', { name: 'Memory incident' });
  await page.getByRole('button', { name: 'Save & test' }).waitFor();
  const begun = await page.evaluate(() => performance.now());
  await tab.click();
  await drawn(page);
  const time = await page.evaluate((since) => performance.now() - since, begun);
  await context.close();
  return time;
}

interface Stats {
  readonly lists: Record<string, number>;
  readonly gets: Record<string, number>;
}
const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0);

async function soak(page: Page, url: string, storeUrl: string): Promise<object> {
  const stats = async () => {
    const { lists, gets } = (await (await page.request.get(`${storeUrl}/_stats`)).json()) as Stats;
    return { lists: total(lists), gets: total(gets) };
  };
  await page.goto(`${url}/?tab=incident&${dashboard}`);
  await drawn(page);
  const refresh = async () => {
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.waitForTimeout(5000);
    await drawn(page);
  };
  // The first ones compile, and fill what is kept.
  for (let i = 0; i < 10; i++) {
    await refresh();
  }
  const { main, workers } = await heaps(page);
  const look = async () => ({ main: await main(), worker: await workers() });
  const [before, asked] = [await look(), await stats()];
  for (let i = 0; i < refreshes; i++) {
    await refresh();
  }
  const [after, last] = [await look(), await stats()];
  const growth = (thread: 'main' | 'worker') => ({
    MB: [before[thread] / 1e6, after[thread] / 1e6].map(round),
    growthPercent: round((100 * (after[thread] - before[thread])) / before[thread]),
  });
  return {
    refreshes,
    main: growth('main'),
    worker: growth('worker'),
    lists: last.lists - asked.lists,
    gets: last.gets - asked.gets,
  };
}

const result = await withDemo({}, async (browser, url, storeUrl) => {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    times.push(await opening(browser, url));
  }
  times.sort((a, b) => a - b);
  const soaked = refreshes > 0 ? await soak(await browser.newPage(), url, storeUrl) : {};
  return { openingMs: { median: round(times[2]), all: times.map(round) }, ...soaked };
});
process.stdout.write(`${JSON.stringify(result)}\n`);
