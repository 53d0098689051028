import { expect, test, type APIRequestContext, type Page } from '@playwright/test';

const board = (service: string) => `/d/pproflens-incident?var-service=${service}&from=now-5m&to=now`;
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

const prometheus = async (request: APIRequestContext, path: string) =>
  (await (await request.get(`/api/datasources/proxy/uid/prometheus/api/v1/${path}`)).json()).data;

/** An alert as Alertmanager has it, when it fires. */
async function firingAlert(request: APIRequestContext, name: string) {
  const [{ url }] = (await prometheus(request, 'alertmanagers')).activeAlertmanagers;
  const firing = async () =>
    (await (await request.get(url)).json()).filter(({ labels }: any) => labels.alertname === name);
  await expect.poll(async () => (await firing()).length, { timeout: 60_000 }).toBe(1);
  return (await firing())[0];
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
  await page.goto(board('checkout'));

  // A capture appears while memory climbs, on the plugin's own marks and as Prometheus's exemplar.
  const passed = memory(page).getByRole('button', { name: /^(heap|cgroup)-ratio at 8\d % of 192 MiB/ });
  const [marks, diamonds] = ['.mark', '.diamond'].map((shape) => memory(page).locator(shape));
  // Marks and diamonds are two queries: a capture may be stored between them.
  const isMarkedTwice = async () => (await passed.count()) > 0 && (await marks.count()) === (await diamonds.count());
  await refreshUntil(page, isMarkedTwice);
  await expect(memory(page).getByText('limit', { exact: true })).toBeVisible();
  await expect(panel(page, 'Every instance of the service').locator('.diamond').last()).toBeVisible();
  await passed.first().press('Enter'); // Marks of so fast a climb lie upon each other.
  await page.getByRole('link', { name: 'Open capture' }).click();
  await expectHeapAndDiff(page, /^Event \w{8}: .*checkout-0, at 8\d % of 192 MiB, trigger (heap|cgroup)-ratio\.$/);

  // Prometheus fires to Alertmanager, whose link opens the page at the alert's service, instance and time.
  const { annotations, labels } = await firingAlert(request, 'MemoryNearLimit');
  expect(labels).toMatchObject({ alertname: 'MemoryNearLimit', service: 'checkout', instance: 'checkout-0' });
  expect(annotations.summary).toMatch(/^checkout checkout-0 is at (8[5-9]|9\d|100)(\.\d+)?% of its memory limit$/);
  await page.goto(annotations.dashboard);
  await expectHeapAndDiff(page, /^Latest of \d+ captures, \d+ (s|min) before the end of the time range: .*checkout-0/);
  await expect(page.getByText(/^until 20/)).toBeVisible();
});

test('a service with plain net/http/pprof nears its limit: its alert has the gateway capture it, and the capture is marked', async ({
  page,
  request,
}) => {
  const alert = await firingAlert(request, 'GoMemoryNearLimit');
  expect(alert.labels).toMatchObject({ service: 'cart', instance: 'cart-0' });

  const bucket = '/api/datasources/proxy/uid/pproflens/s3';
  const keys = async (): Promise<string[]> => {
    const listing = await (await request.get(`${bucket}/?list-type=2&prefix=cart/`)).text();
    return Array.from(listing.matchAll(/<Key>([^<]+)<\/Key>/g), ([, key]) => key);
  };
  // meta.json comes last.
  await expect
    .poll(async () => (await keys()).some((key) => key.endsWith('/meta.json')), { timeout: 60_000 })
    .toBe(true);
  const stored = await keys();
  const folder = stored[0].replace(/[^/]+$/, '');
  expect(folder).toMatch(/_alert_\d+-0_cart-0_/);
  expect(stored).toEqual(['cpu.pb.gz', 'goroutine.pb.gz', 'heap.pb.gz', 'meta.json'].map((name) => folder + name));
  const meta = await (await request.get(`${bucket}/${folder}meta.json`)).json();
  expect(meta).toMatchObject({
    service: 'cart',
    instance: 'cart-0',
    trigger: 'alert',
    alert: { name: 'GoMemoryNearLimit', fingerprint: alert.fingerprint },
  });
  expect(Date.parse(meta.alert.start)).toBe(Date.parse(alert.startsAt));
  expect(Date.parse(meta.time) - Date.parse(alert.startsAt)).toBeLessThan(30_000);

  await page.goto(board('cart'));
  const mark = memory(page).getByRole('button', { name: /^alert / });
  await refreshUntil(page, async () => (await mark.count()) > 0);
  await mark.first().press('Enter');
  await page.getByRole('link', { name: 'Open capture' }).click();
  const heap = panel(page, 'Heap of the event');
  await expect(heap.getByText(/^Event \w{8}: .*cart-0.*trigger alert\.$/)).toBeVisible();
  await expect(heap.getByText(/MiB \| .* samples \(RAM\)/)).toBeVisible();
  await expect(heap.getByText('store.(*Cache).Keep').first()).toBeVisible();
});

test('Capture now, by mouse: what is to be captured is chosen and confirmed, progress is shown, and then the event', async ({
  page,
}) => {
  const query = { refId: 'A', view: 'captures', selector: '{service="cart", profile="heap"}' };
  await page.goto(`/?tab=explore&from=now-15m&to=now&query=${encodeURIComponent(JSON.stringify(query))}`);
  await page.getByRole('button', { name: 'Capture now' }).click();
  const dialog = page.getByRole('dialog', { name: 'Capture now' });
  await expect(dialog.getByLabel(/^Service/)).toHaveValue('cart'); // That of the query.
  await dialog.getByText('CPU', { exact: true }).click();
  await dialog.getByLabel(/^Seconds/).fill('2');
  await expect(dialog.getByText('Captures heap, cpu of cart-0 of cart, over 2 s where that takes time.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Capture', exact: true }).click();
  await expect(dialog.getByText('cart-0 cpu.pb.gz: reading')).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText(/^Event \w{8}: .*cart-0.*trigger manual\.$/).first()).toBeVisible();
  await expect(page.getByText(/MiB \| .* samples \(RAM\)/)).toBeVisible();
});
