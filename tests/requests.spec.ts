import { expect, test, type APIRequestContext, type Page } from '@playwright/test';

interface Counts {
  /** How often, by what was asked. */
  readonly lists: Record<string, number>;
  readonly gets: Record<string, number>;
}

const stats = async (request: APIRequestContext): Promise<Counts> =>
  (await request.get(`http://127.0.0.1:${process.env.STORE_PORT ?? 9987}/_stats`)).json();

/** What the bucket was asked while something was done. */
async function requestsOf(request: APIRequestContext, act: () => Promise<unknown>): Promise<Counts> {
  const before = await stats(request);
  await act();
  const after = await stats(request);
  const since = (a: Record<string, number>, b: Record<string, number>) =>
    Object.fromEntries(
      Object.entries(b)
        .map(([what, count]) => [what, count - (a[what] ?? 0)] as const)
        .filter(([, count]) => count > 0)
    );
  return { lists: since(before.lists, after.lists), gets: since(before.gets, after.gets) };
}
const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Until every panel has its last answer. */
async function drawn(page: Page): Promise<void> {
  const panels = page.locator('.grid .panel');
  const waiting = panels.filter({ has: page.locator('[data-state="Loading"], [data-testid="Spinner"]') });
  await expect.poll(() => panels.count()).toBeGreaterThan(4);
  await expect(waiting).toHaveCount(0, { timeout: 30_000 });
}

test.describe('Memory incident', () => {
  const address = '/d/pproflens-incident?var-service=checkout&var-instance=checkout-0';

  test('opens with at most 7 listings, and each object is read once', async ({ page, request }) => {
    const { lists, gets } = await requestsOf(request, async () => {
      await page.goto(address);
      await drawn(page);
    });
    expect(Object.keys(gets).length).toBeGreaterThan(5);
    expect(Object.entries(gets).filter(([, count]) => count > 1)).toEqual([]);
    expect(total(lists), JSON.stringify(lists, null, 1)).toBeLessThanOrEqual(7);
  });

  test('a minute of refreshes every 5 s costs at most 14 listings, and no object that was read', async ({
    page,
    request,
  }) => {
    test.setTimeout(120_000);
    await page.goto(address);
    await drawn(page);
    const begun = Date.now();
    const { lists, gets } = await requestsOf(request, async () => {
      for (let i = 1; i <= 12; i++) {
        await page.waitForTimeout(Math.max(0, begun + i * 5000 - Date.now()));
        await page.getByRole('button', { name: 'Refresh' }).click();
      }
      await drawn(page);
    });
    expect(total(lists), JSON.stringify(lists, null, 1)).toBeLessThanOrEqual(14);
    // A refresh asks for what is new.
    expect(total(lists)).toBeGreaterThanOrEqual(10);
    expect(gets).toEqual({});
  });
});

test('Goroutines reads each dump once for all of its panels', async ({ page, request }) => {
  const { gets } = await requestsOf(request, async () => {
    await page.goto('/?tab=goroutines&var-service=scheduler');
    await drawn(page);
  });
  expect(Object.keys(gets).length).toBeGreaterThan(5);
  expect(Object.entries(gets).filter(([, count]) => count > 1)).toEqual([]);
});
