import { heaps } from '../src/cli/bench/heaps';
import { readAgain, requestsOf, total } from './counts';
import { alone, expect, test } from './test';
import { drawn, storeUrl } from './workbench';

// REFRESHES=200 is `npm run soak`. 20 are for npm test: what a refresh leaves behind shows in them too.
const refreshes = Number(process.env.REFRESHES ?? 20);
/** From here on the caches hold what the dashboard asks, and the engine has compiled what runs. That takes some 25 refreshes. */
const warm = Math.min(25, refreshes / 2);

test(
  `${refreshes} refreshes of Memory incident leave no memory behind, and read no object again`,
  alone,
  async ({ page, request }) => {
    test.setTimeout(60_000 + refreshes * 5_000);
    await page.goto('/d/pproflens-incident?var-service=checkout&var-instance=checkout-0');
    await drawn(page);
    const refresh = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await page.getByRole('button', { name: 'Refresh' }).click();
        await drawn(page);
      }
    };
    const { main, workers } = await heaps(page);
    await refresh(warm);
    const before = { main: await main(), workers: await workers() };
    expect(before.workers, 'the heap of the worker').toBeGreaterThan(1_000_000);
    const begun = Date.now();
    const counts = await requestsOf(request, storeUrl, () => refresh(refreshes - warm));
    const seconds = (Date.now() - begun) / 1000;
    const after = { main: await main(), workers: await workers() };
    const mb = (bytes: number) => (bytes / 1e6).toFixed(2);
    const said =
      `refresh ${warm}: main ${mb(before.main)} MB, worker ${mb(before.workers)} MB; refresh ${refreshes}: main ` +
      `${mb(after.main)} MB, worker ${mb(after.workers)} MB; ${total(counts.lists)} LIST and ${total(counts.gets)} GET ` +
      `in ${seconds.toFixed(0)} s`;
    test.info().annotations.push({ type: 'soak', description: said });
    // eslint-disable-next-line no-console
    console.log(said);
    expect(after.main, said).toBeLessThan(1.1 * before.main);
    expect(after.workers, said).toBeLessThan(1.1 * before.workers);
    // What is new is asked for each 4 s at the most, as often as a minute of refreshes every 5 s may.
    expect(total(counts.lists), said).toBeLessThanOrEqual(18 * Math.ceil(seconds / 60));
    expect(readAgain(counts)).toEqual([]);
  }
);
