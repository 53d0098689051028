import { expect, test } from '@grafana/plugin-e2e';
import type { APIRequestContext, Browser } from '@playwright/test';
import { createUser, expectFlameGraph, exploreUrl, gatewayUid, type Role } from './helpers';

const proxy = `/api/datasources/proxy/uid/${gatewayUid}`;
const heap = { view: 'captures', selector: '{profile="heap"}' };

/** What a user with a role sees, in a browser of their own. */
async function as(
  role: Role,
  { browser, request, baseURL }: { browser: Browser; request: APIRequestContext; baseURL?: string }
) {
  const { login, remove } = await createUser(request, role);
  const context = await browser.newContext({ baseURL, storageState: { cookies: [], origins: [] } });
  const entered = await context.request.post('/login', { data: { user: login, password: login } });
  expect(entered.ok(), await entered.text()).toBe(true);
  const leave = async () => {
    await context.close();
    await remove();
  };
  return { page: await context.newPage(), request: context.request, leave };
}

test.beforeEach(async ({ request }) => {
  test.skip(!(await request.get(`${proxy}/gateway/info`)).ok(), 'no gateway runs beside this Grafana');
});

test('an Editor captures a process, and sees it', async ({ browser, request, baseURL }) => {
  const { page, leave } = await as('Editor', { browser, request, baseURL });
  await page.goto(exploreUrl(heap, 'now-1h', gatewayUid));
  await page.getByRole('button', { name: 'Capture now' }).click();
  const dialog = page.getByRole('dialog', { name: 'Capture now' });
  await dialog.getByText('CPU', { exact: true }).click();
  await dialog.getByLabel(/^Seconds/).fill('2');
  await dialog.getByLabel(/^Reason/).fill('INC-7');
  await expect(
    dialog.getByText(/^Captures heap, cpu of 127\.0\.0\.1:\d+ of cart, over 2 s where that takes time\.$/)
  ).toBeVisible();
  await dialog.getByRole('button', { name: 'Capture', exact: true }).click();
  await expect(dialog.getByText(/ cpu\.pb\.gz: reading$/)).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await expectFlameGraph(page.locator('body'), 'RAM');

  // meta.json comes last and has what was said.
  const listing = await (await request.get(`${proxy}/s3/?list-type=2&prefix=cart/`)).text();
  const keys = Array.from(listing.matchAll(/<Key>([^<]+)<\/Key>/g), ([, key]) => key);
  const id = /"event":"(\w{8})"/.exec(decodeURIComponent(page.url()))?.[1];
  const ofEvent = keys.filter((key) => key.includes(`_${id}_manual_`)).map((key) => key.replace(/.*\//, ''));
  expect(ofEvent).toEqual(['cpu.pb.gz', 'heap.pb.gz', 'meta.json']);
  const meta = keys.find((key) => key.includes(`_${id}_`) && key.endsWith('/meta.json'));
  expect(await (await request.get(`${proxy}/s3/${meta}`)).json()).toMatchObject({ event: id, reason: 'INC-7' });
  await leave();
});

test('of a time range that is over, the capture is shown by its key', async ({ browser, request, baseURL }) => {
  const { page, leave } = await as('Editor', { browser, request, baseURL });
  const past = '2026-01-01T00:00:00.000Z';
  await page.goto(exploreUrl(heap, '2025-12-31T23:00:00.000Z', gatewayUid, past));
  // One process is captured once in ten seconds.
  await expect(async () => {
    await page.getByRole('button', { name: 'Capture now' }).click();
    const dialog = page.getByRole('dialog', { name: 'Capture now' });
    await dialog.getByRole('button', { name: 'Capture', exact: true }).click();
    await expect(dialog.or(dialog.getByText(/429/)).first()).toHaveCount(0, { timeout: 5000 });
  }).toPass({ timeout: 40_000 });
  await expectFlameGraph(page.locator('body'), 'RAM');
  expect(decodeURIComponent(page.url())).toMatch(/"event":"cart\/.*_manual_.*\/heap\.pb\.gz"/);
  await leave();
});

test('a Viewer has no button, and the proxy refuses them', async ({ browser, request, baseURL }) => {
  const { page, request: viewer, leave } = await as('Viewer', { browser, request, baseURL });
  const events = async () => (await (await request.get(`${proxy}/gateway/captures`)).json()).events;
  const before = await events();
  await page.goto(exploreUrl(heap, 'now-1h', gatewayUid));
  await page.waitForLoadState('networkidle');
  await expect(page.getByRole('button', { name: 'Capture now' })).toHaveCount(0);
  for (const path of ['info', 'targets', 'captures', 'captures?id=x', 'captures/', 'captures/x']) {
    expect((await viewer.get(`${proxy}/gateway/${path}`)).status(), path).toBe(403);
  }
  const data = { service: 'cart', profiles: ['heap'], seconds: 1 };
  expect((await viewer.post(`${proxy}/gateway/captures`, { data })).status()).toBe(403);
  expect(await events()).toEqual(before);
  // Reading is for all.
  expect((await viewer.get(`${proxy}/s3/?list-type=2&max-keys=1`)).status()).toBe(200);
  await leave();
});

test('no other path of the gateway can be reached through its routes', async ({ browser, request, baseURL }) => {
  const { request: editor, leave } = await as('Editor', { browser, request, baseURL });
  const events = async () => (await (await editor.get(`${proxy}/gateway/captures`)).json()).events;
  const before = await events();
  const alert = { status: 'firing', labels: { alertname: 'X', service: 'cart' }, startsAt: new Date().toISOString() };
  const tricks = ['alerts', 'captures/alerts', 'captures/..%2Falerts', 'captures/../alerts', 'captures%2F..%2Falerts'];
  const more = ['captures..%2Falerts', 'captures/%2e%2e/alerts', 'capturesx', 'targets/..%2Falerts', '..%2Falerts'];
  for (const path of [...tricks, ...more, 'captures/..;/alerts', 'captures//alerts', 'captures%5C..%5Calerts']) {
    const answer = await editor.post(`${proxy}/gateway/${path}`, { data: { alerts: [alert] } });
    expect(answer.status(), `${path}: ${await answer.text()}`).toBeGreaterThanOrEqual(400);
  }
  for (const path of ['metrics', 'captures/..%2F..%2Fmetrics', 'info/..%2F..%2Fmetrics', 'targets/..%2F..%2Fhealthz']) {
    const answer = await editor.get(`${proxy}/gateway/${path}`);
    expect(answer.status(), path).toBeGreaterThanOrEqual(400);
    expect(await answer.text()).not.toContain('pproflens_gateway_');
  }
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    expect((await editor.fetch(`${proxy}/gateway/captures`, { method, data: {} })).status()).toBeGreaterThanOrEqual(
      400
    );
  }
  for (const path of ['gateway/info', 'gateway/targets', 's3/new', 's3/', '']) {
    expect((await editor.post(`${proxy}/${path}`, { data: {} })).status(), path).toBeGreaterThanOrEqual(400);
  }
  expect(await events()).toEqual(before);
  await leave();
});

test('Save & test says which gateway it is, over which bucket, and how many processes it captures', async ({
  gotoDataSourceConfigPage,
  selectors,
}) => {
  const settings = await gotoDataSourceConfigPage(gatewayUid);
  // Provisioned: there is no Save.
  await settings.ctx.page.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(settings.getByGrafanaSelector(selectors.pages.DataSource.alert)).toContainText(
    /Gateway \S+: bucket profiles, targets: 1\./
  );
});
