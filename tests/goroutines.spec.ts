import { expect, test, type Locator, type Page } from './test';

/**
 * Opens Explore with a query over the recorded process that leaks, as a link would. Its captures are of the hour before the
 * demo was started, which is longer ago with each test.
 */
const explore = (page: Page, query: object) =>
  page.goto(
    `/?tab=explore&range=6h&query=${encodeURIComponent(
      JSON.stringify({ refId: 'A', selector: '{service="scheduler", profile="goroutine"}', ...query })
    )}`
  );

/** The text of a row, its cells from the left. */
const row = (where: Page | Locator, name: string) => where.getByRole('row').filter({ hasText: name });

test('find a leak: the six that were planted come first, with what the runtime says of them', async ({ page }) => {
  await explore(page, { view: 'leaks' });
  await expect(page.getByText(/^8 captures over 53\.0 min: from 130 to 830 goroutines\.$/)).toBeVisible();
  await expect(page.getByText(/Checked against 2 goroutineleak captures/)).toBeVisible();
  const names = page.getByRole('row').locator('[role="gridcell"]:first-child');
  await expect(names.first()).toHaveText('leaks.sendAnswer leaks.go:59');
  expect((await names.allTextContents()).slice(0, 7)).toEqual([
    'leaks.sendAnswer leaks.go:59',
    'leaks.watch leaks.go:92',
    'leaks.(*ledger).append leaks.go:131',
    'leaks.consume leaks.go:69',
    'leaks.awaitShards leaks.go:153',
    'leaks.poll leaks.go:162',
    'leaks.(*ledger).await leaks.go:127 ← leaks.(*ledger).flush',
  ]);
  await expect(row(page, 'leaks.sendAnswer')).toContainText(/280320280.*yes/);
  await expect(row(page, 'leaks.poll')).toContainText(/24\.53228.*no/);
});

test('a function of the list of benign ones comes last', async ({ page }) => {
  await explore(page, { view: 'leaks' });
  await expect(row(page, 'leaks.sendAnswer')).toBeVisible();
  await page.getByRole('button', { name: 'Known benign', exact: true }).click();
  await page.getByLabel('Functions').fill('leaks\\.(poll|append)$\nleaks\\.\\(\\*ledger\\)\\.append$');
  await page.getByLabel('Functions').blur();
  await expect(page.getByText('2 signatures known as benign come last, though 2 of them grew.')).toBeVisible();
  await expect(page.getByRole('row').nth(3)).toContainText('leaks.consume');
});

test('diff two dumps, by stack and by goroutine', async ({ page }) => {
  await explore(page, { view: 'goroutines', base: 'previous' });
  await expect(page.getByText(/Compared with the capture of scheduler-0 before it/)).toBeVisible();
  await expect(page.getByText(/72\d of the base's 730 goroutines are still there, by id/)).toBeVisible();
  await expect(row(page, 'leaks.sendAnswer')).toContainText('32040grown280280');
  await expect(row(page, 'main.(*server).run')).toContainText('40same44');
  // The first of all: nothing is left of the last hour's leaks in it.
  await explore(page, { view: 'goroutines', capture: 'first', base: 'previous' });
  await expect(page.getByText(/Nothing to compare with/)).toBeVisible();
  await expect(row(page, 'leaks.sendAnswer')).toContainText('40');
});

test('search, and say where an expression is wrong', async ({ page }) => {
  await explore(page, { view: 'goroutines' });
  await expect(row(page, 'main.main.func1')).toBeVisible();
  const search = page.getByLabel('Search');
  await search.fill('state == "chan receive" && duration > 2 && tenant_id == "umbrella"');
  await search.press('Enter');
  await expect(page.getByText(/^Search: \d+ of 830 goroutines\.$/)).toBeVisible();
  await expect(row(page, 'leaks.poll')).toBeVisible();
  await expect(page.getByRole('row')).toHaveCount(2);
  await search.fill('contains(trace, "ledger") && dups > 100 || leaked && contains(lower(trace), "shards")');
  await search.press('Enter');
  await expect(row(page, 'leaks.(*ledger).append')).toBeVisible();
  await expect(row(page, 'leaks.awaitShards')).toBeVisible();
  await expect(page.getByRole('row')).toHaveCount(3);
  await search.fill('state == ');
  await search.press('Enter');
  await expect(
    page.getByText(/Search: expected a name, a number, a quoted text.* at position 9, found its end/)
  ).toBeVisible();
});

test('goroutines of each tenant', async ({ page }) => {
  await explore(page, { view: 'goroutines' });
  await page.getByLabel('Group by').fill('tenant_id');
  await page.getByLabel('Group by').press('Enter');
  await expect(row(page, 'leaks.sendAnswer').filter({ hasText: 'globex' })).toContainText('64');
  await expect(row(page, 'leaks.sendAnswer').filter({ hasText: 'acme' })).toContainText('256');
});

test('the dashboard: states and leaks over time, groups, stacks by state, creators and the holder of the lock', async ({
  page,
}) => {
  await page.goto('/?tab=goroutines&range=6h&var-service=scheduler');
  const panel = (name: string) => page.getByRole('region', { name });
  await expect(panel('States over time').locator('canvas').first()).toBeVisible();
  await expect(panel('States over time').getByText('channel', { exact: true })).toBeVisible();
  await expect(panel('States over time').getByText(/leak marks are in 1 of the 8 captures only/)).toBeVisible();
  await expect(panel('Suspected leaks over time').getByText('leaks.poll leaks.go:162')).toBeVisible();
  await expect(row(panel('Groups of the capture'), 'leaks.watch')).toContainText('16020grown140140');
  await expect(panel('Stacks by state class').getByText(/830 \| 830 samples \(Count\)/)).toBeVisible();
  await expect(
    panel('Who started them').getByText(/320 of 830 goroutines were started by .*forgetReceiver/)
  ).toBeVisible();
  const holders = panel('Probable holders of locks');
  await expect(holders.getByText(/^Heuristic: /)).toBeVisible();
  await expect(holders.getByRole('row').nth(1)).toContainText(/leaks\.\(\*ledger\)\.append.*12889leaks\.\(\*ledger\)/);
});

test('narrow and light, goroutines still fit', async ({ page }) => {
  await page.setViewportSize({ width: 420, height: 800 });
  await page.goto('/?tab=goroutines&range=6h&theme=light&var-service=scheduler');
  await expect(page.getByRole('region', { name: 'Who started them' }).locator('canvas').first()).toBeVisible();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});
