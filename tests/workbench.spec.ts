import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone, expect, sizedCanvas, test, type Page } from './test';
import { storeUrl } from './workbench';

/** Opens Explore with a query, as a link would. */
const explore = (page: Page, query: object) =>
  page.goto(`/?tab=explore&query=${encodeURIComponent(JSON.stringify({ refId: 'A', ...query }))}`);

/** How many distinct colours a flame graph's canvas has: an empty one has one or none. */
const colours = async (page: Page) =>
  (await sizedCanvas(page)).evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set<number>();
    for (let i = 0; i < data.length; i += 4) {
      seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    }
    return seen.size;
  });

test('the page has the packages that it is to be tested with', async ({ page }) => {
  const version = (name: string) =>
    JSON.parse(readFileSync(join(process.env.WORKBENCH ?? '.', 'node_modules', name, 'package.json'), 'utf8')).version;
  await page.goto('/');
  await expect(page.getByText(`Grafana ${version('@grafana/ui')}, React ${version('react')}`)).toBeVisible();
});

test('add the data source and test it', async ({ page }) => {
  await page.goto('/?tab=config');
  await page.getByRole('button', { name: 'Save & test' }).click();
  await expect(page.getByText(/^\d+ captures of 5 services in the last 7 days, newest \d+ min ago\.$/)).toBeVisible();
  await expect(page.getByRole('region', { name: 'Key preview' })).toContainText('service=checkout');
});

test('a heap as a flame graph', async ({ page }) => {
  await explore(page, { view: 'flame', capture: 'peak', selector: '{service="ingester", profile="heap"}' });
  await expect(
    page.getByText(/Peak of \d+ captures of 2 instances: .*ingester-7f9c, at \d+ % of 192 MiB, trigger heap-ratio/)
  ).toBeVisible();
  await expect(page.getByText(/MiB \| .* samples \(RAM\)/)).toBeVisible();
  await expect(page.getByText('store.retainedPoints').first()).toBeVisible();
  expect(await colours(page)).toBeGreaterThan(5);
});

test('CPU of one tenant is a part of all', async ({ page }) => {
  const total = async (selector: string): Promise<number> => {
    await explore(page, { view: 'tags', capture: 'merge', selector });
    const row = page.getByRole('row').filter({ hasText: 'acme' });
    return parseFloat((await row.getByRole('gridcell').nth(3).textContent()) ?? '');
  };
  const share = await total('{service="querier", profile="cpu"}');
  expect(share).toBeGreaterThan(5);
  expect(share).toBeLessThan(95);
  expect(await total('{service="querier", profile="cpu", tenant_id="acme"}')).toBe(100);
});

test('goroutines of a dump by state, and of a profile that has none', async ({ page }) => {
  const stuck = '{service="scheduler", profile="goroutine", state_class="stuck"}';
  await explore(page, { view: 'tags', capture: 'latest', tagShow: '^(state|tenant_id)$', selector: stuck });
  await expect(page.getByRole('row').filter({ hasText: 'chan send' })).toContainText('280');
  await expect(page.getByRole('row').filter({ hasText: 'acme' })).toContainText('308');
  await expect(page.getByText(/one is opened: goroutine\.txt\.gz, not goroutine\.pb\.gz/).first()).toBeVisible();
  const leaks = '{service="scheduler", profile="goroutineleak", state_class="stuck"}';
  await explore(page, { view: 'tags', capture: 'latest', tagShow: '^state$', selector: leaks });
  await expect(page.getByText(/States are inferred from the calls on top/).first()).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'chan send' })).toContainText('320');
});

test('a filter that matches nothing says what there is', async ({ page }) => {
  await explore(page, { view: 'flame', selector: '{service="ingester", profile="heap", tenant_id="acme"}' });
  await expect(
    page.getByText(/No sample matches tenant_id="acme": there is no label "tenant_id"/).first()
  ).toBeVisible();
  await explore(page, { view: 'flame', selector: '{service="ingestor"}' });
  await expect(
    page.getByText(/There is no service "ingestor" in the bucket; there are checkout, ingester/).first()
  ).toBeVisible();
});

test('one flame graph per tenant', async ({ page }) => {
  await page.goto('/?tab=tenants');
  for (const tenant of ['acme', 'globex', 'hooli', 'initech', 'umbrella']) {
    const panel = page.getByRole('region', { name: `CPU of ${tenant}` });
    await expect(panel.locator('canvas').first()).toBeVisible();
    await expect(panel.getByText(/samples \(Time\)/)).toBeVisible();
  }
});

test('the heap dashboard opens the capture that is clicked', async ({ page }) => {
  await page.goto('/?tab=heap&var-service=ingester');
  const heap = page.getByRole('region', { name: 'Heap of the chosen capture' });
  await expect(heap.getByText(/^Peak of \d+ captures of 2 instances: .* at 92 %/)).toBeVisible();
  const captures = page.getByRole('region', { name: 'Captures', exact: true });
  await captures.getByRole('row').filter({ hasText: '166 MiB' }).getByRole('link').last().click();
  await expect(heap.getByText(/^Event \w{8}: .* at 86 % of 192 MiB/)).toBeVisible();
  await expect(heap.getByText(/store.retainedPoints/).first()).toBeVisible();
});

test('a wrong bucket is said', alone, async ({ page }) => {
  await page.goto('/?tab=config');
  const url = page.getByRole('textbox', { name: /Bucket URL/ });
  const right = await url.inputValue();
  const save = async (bucketUrl: string) => {
    await url.fill(bucketUrl);
    await page.getByRole('button', { name: 'Save & test' }).click();
  };
  const saveWith = (name: string) => save(right.replace(/[^/]+$/, name));
  await save('s3://profiles');
  await expect(page.getByText(/"s3:\/\/profiles" is none that Grafana can read: expected https/).first()).toBeVisible();
  const preview = page.getByRole('region', { name: 'Key preview' });
  await expect(preview.getByText('could not be read')).toBeVisible();
  await saveWith('forbidden');
  await expect(page.getByText(/No access to the listing \(403\).*s3:ListBucket.*AccessDenied/).first()).toBeVisible();
  await saveWith('nothing-here');
  await expect(page.getByText(/There is no such bucket \(404\)/).first()).toBeVisible();
  await save(right);
  await expect(page.getByText(/captures of 5 services/)).toBeVisible();
  await expect(preview).toContainText('service=checkout');
  await expect(preview.getByText('could not be read')).toHaveCount(0);
});

test('a viewer reads, and can neither save nor write to the bucket', async ({ page, request }) => {
  await page.goto('/?tab=config&role=Viewer');
  await page.getByRole('button', { name: 'Save & test' }).click();
  await expect(page.getByText(/You need datasources:write/)).toBeVisible();
  for (const method of ['PUT', 'POST', 'DELETE', 'PATCH']) {
    const response = await request.fetch('/api/datasources/proxy/uid/pproflens/s3/anything', { method });
    expect(response.status()).toBe(502);
  }
  const read = await request.get('/api/datasources/proxy/uid/pproflens/s3/?list-type=2&max-keys=1');
  expect(read.status()).toBe(200);
  const stats = await request.get(`${storeUrl}/_stats`);
  expect(await stats.json()).toMatchObject({ writes: 0 });
});

test('narrow and light it still fits', async ({ page }) => {
  await page.setViewportSize({ width: 420, height: 800 });
  await page.goto('/?tab=heap&theme=light');
  const heap = page.getByRole('region', { name: 'Heap of the chosen capture' });
  await expect(heap.locator('canvas').first()).toBeVisible();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});
