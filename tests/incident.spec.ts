import { expect, test, type Page } from './test';

const board = '/d/pproflens-incident';
const minute = 60_000;
const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const memory = (page: Page) => panel(page, 'Memory, its limit, and captures');
const heap = (page: Page) => panel(page, 'Heap of the event');

/** What the page shows of an event: its heap and all that is said beside it. */
async function expectEvent(page: Page, said: RegExp): Promise<void> {
  await expect(heap(page).getByText(said)).toBeVisible();
  await expect(heap(page).getByText(/MiB \| .* samples \(RAM\)/)).toBeVisible();
  await expect(heap(page).getByText('reflect.growslice').first()).toBeVisible();
  const diff = panel(page, 'Heap against the last healthy capture');
  await expect(diff.getByText(/^Compared with the last capture below 70 % of its limit/)).toBeVisible();
  await expect(diff.getByText(/MiB \| .* samples \(RAM\)/)).toBeVisible();
}

test('memory climbs, captures are marked, and a click on one shows its heap and what grew', async ({ page }) => {
  const prometheus = '/api/datasources/proxy/uid/prometheus';
  const hasMetrics = (await page.request.get(`${prometheus}/-/ready`)).ok();
  if (hasMetrics) {
    // Exemplars come by scrapes, the last ones some seconds after the start.
    const exemplars = async () => {
      const [end, query] = [Date.now() / 1000, 'autoprofiler_capture_memory_bytes_bucket'];
      const params = { query, start: end - 3600, end };
      const { data } = await (await page.request.get(`${prometheus}/api/v1/query_exemplars`, { params })).json();
      return data.flatMap((series: { exemplars: unknown[] }) => series.exemplars).length;
    };
    await expect.poll(exemplars).toBe(11);
  }
  await page.goto(`${board}?var-service=checkout&var-instance=checkout-0`);
  if (hasMetrics) {
    await expect(memory(page).getByText('limit', { exact: true })).toBeVisible();
    await expect(memory(page).getByRole('note')).toHaveCount(0);
    // Prometheus's own exemplars, of both instances.
    await expect(panel(page, 'Every instance of the service').locator('.diamond')).toHaveCount(11);
  }
  await expect(memory(page).locator('.diamond')).toHaveCount(8);
  await memory(page)
    .getByRole('button', { name: /^heap-ratio at 90 % of 192 MiB/ })
    .click();
  await expect(page.getByText('Captured: block, cpu, goroutine, heap, mutex')).toBeVisible();
  await page.getByRole('link', { name: 'Open capture' }).click();
  await expect(page).toHaveURL(/var-event=\w{8}/);
  await expectEvent(page, /^Event \w{8}: .*checkout-0, at 90 % of 192 MiB, trigger heap-ratio\.$/);

  const waterfall = panel(page, 'From the limit down to the heap profile');
  await expect(waterfall.getByText(/^The heap profile explains \d\d % of the memory/)).toBeVisible();
  await expect(waterfall.getByRole('row', { name: /^Limit 192 MiB/ })).toBeVisible();
  await expect(panel(page, 'Growth over the captures of this process').getByRole('row').nth(1)).toContainText('total');
  await expect(panel(page, 'Goroutines by state').getByRole('row').filter({ hasText: 'chan send' })).toBeVisible();
  const cpu = panel(page, 'CPU by tenant');
  await cpu.getByPlaceholder('Search...').fill('acme');
  await expect(cpu.getByRole('row').filter({ hasText: 'acme' })).toContainText('s');
  const tenants = panel(page, 'Heap by tenant, an estimate');
  await expect(tenants.getByText(/^Estimate: tenant_id is not recorded/)).toBeVisible();
  await expect(tenants.getByRole('row').filter({ hasText: 'acme' })).toContainText('MiB');
});

test('a diamond opens its capture too, here and in Explore', async ({ page }) => {
  await page.goto(`${board}?var-service=checkout&var-instance=checkout-0`);
  await memory(page).locator('.diamond').last().click();
  await expect(page.getByText(/^event: \w{8}/)).toBeVisible();
  await page.getByRole('link', { name: 'Open capture' }).click();
  await expectEvent(page, /^Event \w{8}: .* at 96 % of 192 MiB/);
  await memory(page).locator('.diamond').last().click();
  await page.getByRole('link', { name: 'Open in Explore' }).click();
  await expect(page.getByRole('combobox', { name: 'View' })).toHaveValue('Flame graph');
  await expect(page.getByText(/MiB \| .* samples \(RAM\)/)).toBeVisible();
});

test('the page begins with the event it shows, and the table of captures marks it', async ({ page }) => {
  await page.goto(`${board}?var-service=checkout`);
  const line = panel(page, 'Event').getByRole('row').nth(1);
  // Of several instances the one with the most memory, not the one that came last.
  await expect(line).toContainText(/Peak of \d+ captures of 2 instances/);
  await expect(line).toContainText('184 of 192 MiB, 96 %');
  await expect(line).toContainText(/\d+ ms/);
  const captures = panel(page, 'Captures').getByRole('row');
  const marked = captures.filter({ hasText: '●' }).filter({ hasText: 'MiB' });
  await expect(marked).toHaveCount(1);
  await expect(marked).toContainText('184 MiB');
  await captures.filter({ hasText: '173 MiB' }).getByRole('link').first().click();
  await expect(line).toContainText(/Event \w{8}/);
  // The cell that was clicked is scrolled into view, and the marks out of it.
  await panel(page, 'Captures')
    .getByRole('grid')
    .evaluate((grid) => (grid.scrollLeft = 0));
  await expect(marked).toContainText('173 MiB');
});

test('a time without captures leads to the last one, a Viewer too', async ({ page }) => {
  const from = Date.now() + 3 * 60 * minute;
  await page.goto(`${board}?var-service=checkout&role=Viewer&from=${from}&to=${from + 60 * minute}`);
  const row = panel(page, 'Event').getByRole('row').nth(1);
  await expect(row).toContainText(/There are no captures of checkout in this time range: the last one is .* before it/);
  await row.getByRole('link').click();
  await expectEvent(page, /^Peak of \d+ captures of 2 instances: .* at 96 % of 192 MiB/);
  await expect(page).toHaveURL(/role=Viewer/);
  const links = panel(page, 'Event').getByRole('link');
  await expect(links.first()).toHaveAttribute('href', /^\/d\/pproflens-incident\?/);
  expect(await page.getByRole('main').locator('a[href^="/explore"]').count()).toBe(0);
});

test("an alert's link shows the last capture before it", async ({ page }) => {
  const at = Date.now() - 10 * minute;
  await page.goto(
    `${board}?var-service=checkout&var-instance=checkout-0&from=${at - 30 * minute}&to=${at + 5 * minute}`
  );
  await expectEvent(
    page,
    /^Latest of \d+ captures, \d+ (s|min) before the end of the time range: .*checkout-0, at \d+ % of 192 MiB/
  );
});

test('an event that is gone is said, and the rest of the page stays', async ({ page }) => {
  await page.goto(`${board}?var-service=checkout&var-event=gone0000`);
  await expect(heap(page).getByText(/^No capture of event "gone0000" is in this time range/)).toBeVisible();
  await expect(
    panel(page, 'CPU by tenant')
      .getByText(/^No capture of event "gone0000"/)
      .first()
  ).toBeVisible();
  await expect(panel(page, 'Goroutines by state').getByRole('row').nth(1)).toContainText(
    'No capture of event "gone0000"'
  );
  await expect(memory(page).locator('.diamond').first()).toBeVisible();
  await expect(panel(page, 'Captures').getByRole('row').filter({ hasText: 'heap-ratio' }).first()).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await panel(page, 'Captures').getByRole('row').nth(1).getByRole('link').last().click();
  await expectEvent(page, /^Event \w{8}: .* at 96 % of 192 MiB/);
});

test('without Prometheus the captures are shown at their memory', async ({ page }) => {
  const message = 'There is no Prometheus: prometheus not found.';
  await page.route('**/uid/prometheus/**', (route) => route.fulfill({ status: 502, json: { message } }));
  await page.goto(`${board}?var-service=checkout`);
  await expect(memory(page).getByRole('note')).toHaveText(message);
  await expect(memory(page).locator('.diamond').first()).toBeVisible();
});

test('narrow and light it still fits', async ({ page }) => {
  await page.setViewportSize({ width: 420, height: 800 });
  await page.goto(`${board}?theme=light&var-service=checkout`);
  await expect(heap(page).locator('canvas').first()).toBeVisible();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});
