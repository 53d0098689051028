import { expect, test, type Page } from '@playwright/test';

const board = '/d/pproflens-incident?var-service=checkout&from=now-5m&to=now';
const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const memory = (page: Page) => panel(page, 'Memory, its limit, and captures');

/** The page again, until it shows what is expected. */
async function refreshUntil(page: Page, isThere: () => Promise<boolean>): Promise<void> {
  await expect
    .poll(
      async () => {
        await page.getByRole('button', { name: 'Refresh' }).click();
        await page.waitForTimeout(1500);
        return isThere();
      },
      { timeout: 90_000, intervals: [500] }
    )
    .toBe(true);
}

async function expectHeapAndDiff(page: Page, said: RegExp): Promise<void> {
  const heap = panel(page, 'Heap of the event');
  await expect(heap.getByText(said)).toBeVisible();
  await expect(heap.getByText(/MiB \| .* samples \(RAM\)/)).toBeVisible();
  const diff = panel(page, 'Heap against the last healthy capture');
  await expect(diff.getByText(/^Compared with the last capture below 70 % of its limit/)).toBeVisible();
  await expect(diff.getByText(/^What has grown, call path by call path: /)).toBeVisible();
}

test('memory climbs, is captured and marked; a click shows the heap and what grew; the alert links to the same page', async ({
  page,
  request,
}) => {
  const prometheus = async (path: string) =>
    (await (await request.get(`/api/datasources/proxy/uid/prometheus/api/v1/${path}`)).json()).data;
  await page.goto(board);

  // A capture appears while memory climbs, on the plugin's own marks and as Prometheus's exemplar.
  const passed = memory(page).getByRole('button', { name: /^(heap|cgroup)-ratio at 8\d % of 192 MiB/ });
  await refreshUntil(page, async () => (await passed.count()) > 0);
  await expect(memory(page).getByText('limit', { exact: true })).toBeVisible();
  const marks = memory(page).locator('.mark');
  await expect(memory(page).locator('.diamond')).toHaveCount(await marks.count());
  await expect(panel(page, 'Every instance of the service').locator('.diamond').last()).toBeVisible();
  await passed.first().press('Enter'); // Marks of so fast a climb lie upon each other.
  await page.getByRole('link', { name: 'Open capture' }).click();
  await expectHeapAndDiff(page, /^Event \w{8}: .*checkout-0, at 8\d % of 192 MiB, trigger (heap|cgroup)-ratio\.$/);

  // Prometheus fires to Alertmanager, whose link opens the page at the alert's service, instance and time.
  await expect.poll(async () => (await prometheus('alerts')).alerts.length, { timeout: 60_000 }).toBeGreaterThan(0);
  const [{ url }] = (await prometheus('alertmanagers')).activeAlertmanagers;
  const firing = async () => (await request.get(url)).json();
  await expect.poll(async () => (await firing()).length).toBeGreaterThan(0);
  const [{ annotations, labels }] = await firing();
  expect(labels).toMatchObject({ alertname: 'MemoryNearLimit', service: 'checkout', instance: 'checkout-0' });
  expect(annotations.summary).toMatch(/^checkout checkout-0 is at (8[5-9]|9\d|100)(\.\d+)?% of its memory limit$/);
  await page.goto(annotations.dashboard);
  await expectHeapAndDiff(page, /^Latest of \d+ captures, \d+ (s|min) before the end of the time range: .*checkout-0/);
  await expect(page.getByText(/^until 20/)).toBeVisible();
});
