import { readAgain, requestsOf, total } from './counts';
import { alone, expect, test } from './test';
import { drawn, storeUrl } from './workbench';

test.describe('Memory incident', alone, () => {
  const address = '/d/pproflens-incident?var-service=checkout&var-instance=checkout-0';

  // 16 panels over one event, by one worker and by as many of four as there is work for.
  for (const processors of [2, 5]) {
    test(`opens with at most 7 listings, and each object is read once, with ${processors} processors`, async ({
      page,
      request,
    }) => {
      await page.addInitScript((count) => {
        Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => count });
      }, processors);
      const counts = await requestsOf(request, storeUrl, async () => {
        await page.goto(address);
        await drawn(page);
      });
      expect(Object.keys(counts.gets).length).toBeGreaterThan(5);
      expect(readAgain(counts)).toEqual([]);
      expect(total(counts.lists), JSON.stringify(counts.lists, null, 1)).toBeLessThanOrEqual(7);
      expect(page.workers().length).toBeGreaterThanOrEqual(Math.min(2, processors - 1));
      expect(page.workers().length).toBeLessThanOrEqual(processors - 1);
    });
  }

  test('a minute of refreshes every 5 s costs at most 14 listings, and no object is read again', async ({
    page,
    request,
  }) => {
    await page.clock.install();
    await page.goto(address);
    await drawn(page);
    const now = () => page.evaluate(() => Date.now());
    const begun = await now();
    const counts = await requestsOf(request, storeUrl, async () => {
      for (let i = 1; i <= 12; i++) {
        await page.clock.fastForward(Math.max(0, begun + i * 5000 - (await now())));
        await page.getByRole('button', { name: 'Refresh' }).click();
        await drawn(page);
      }
    });
    expect(total(counts.lists), JSON.stringify(counts.lists, null, 1)).toBeLessThanOrEqual(14);
    // A refresh does ask for what is new.
    expect(total(counts.lists)).toBeGreaterThanOrEqual(10);
    expect(readAgain(counts)).toEqual([]);
  });
});

test('Goroutines reads each dump once for all of its panels', alone, async ({ page, request }) => {
  const counts = await requestsOf(request, storeUrl, async () => {
    await page.goto('/?tab=goroutines&var-service=scheduler');
    await drawn(page);
  });
  expect(Object.keys(counts.gets).length).toBeGreaterThan(5);
  expect(readAgain(counts)).toEqual([]);
});
