import { expect, test } from '@grafana/plugin-e2e';
import type { Panel } from '@grafana/plugin-e2e';
import type { APIRequestContext, Locator, Page } from '@playwright/test';
import { expectFlameGraph, storeUrl } from './helpers';

const uid = 'pproflens-incident';
const prometheus = '/api/datasources/proxy/uid/prometheus/api/v1';
const near = 0.85;
const share =
  'max by (service, instance) (autoprofiler_memory_bytes) / max by (service, instance) (autoprofiler_memory_limit_bytes > 0)';

/** Of the captures in the bucket, the heap of checkout-0 with the most memory, as its event id. */
async function peakEvent(request: APIRequestContext): Promise<string> {
  const listing = await (await request.get(`${storeUrl}/profiles?list-type=2&prefix=checkout/`)).text();
  const captures = Array.from(listing.matchAll(/Z_(\w+)_[\w-]+_(\d+)-\d+_checkout-0_[^/<]*\/heap\.pb\.gz</g));
  expect(captures.length).toBeGreaterThan(0);
  return captures.reduce((a, b) => (Number(b[2]) > Number(a[2]) ? b : a))[1];
}

/** Follows a link "Open capture" and expects the heap of the event that it names. */
async function followToEvent(page: Page, link: Locator, heap: Panel): Promise<void> {
  const href = (await link.getAttribute('href')) ?? '';
  const event = /var-event=(\w{8})/.exec(href)?.[1];
  expect(event, href).toBeDefined();
  await link.click();
  await expect(page).toHaveURL(new RegExp(`var-event=${event}`));
  await heap.scrollIntoView();
  await expectFlameGraph(heap.locator, 'RAM');
  // Notices are the last of the icons beside the title.
  await heap.locator.getByTestId('title-items-container').locator('[tabindex]').last().hover();
  await expect(page.getByText(new RegExp(`^Event ${event}: .*checkout-0, at \\d+ % of \\d+ MiB`))).toBeVisible();
}

test('every panel of Memory incident has data', async ({ gotoDashboardPage, page, request, selectors }) => {
  const event = await peakEvent(request);
  const queryParams = new URLSearchParams({
    'var-service': 'checkout',
    'var-instance': 'checkout-0',
    'var-event': event,
  });
  const dashboard = await gotoDashboardPage({ uid, queryParams });
  const scrollTo = async (title: string) => {
    const panel = dashboard.getPanelByTitle(title);
    await panel.scrollIntoView();
    return panel.locator;
  };
  await expect(await scrollTo('Memory, its limit, and captures')).toContainText('limit');
  await expect(await scrollTo('Every instance of the service')).toContainText('checkout-1');
  await expect(await scrollTo('Captures')).toContainText(event);
  await expect(await scrollTo('From the limit down to the heap profile')).toContainText('Heap profile');
  await expectFlameGraph(await scrollTo('Heap of the event'), 'RAM');
  const diff = await scrollTo('Heap against the last healthy capture');
  await expectFlameGraph(diff, 'RAM');
  await expect(await scrollTo('What has grown since the last healthy capture')).toContainText('grown');
  await expect(await scrollTo('Growth over the captures of this process')).toContainText('total');
  await expect(await scrollTo('Goroutines by state')).toContainText('chan send');
  await expect(await scrollTo('Heap by tenant, an estimate')).toContainText('acme');
  await expectFlameGraph(await scrollTo('CPU by tenant'), 'Time');
  await expect(page.getByTestId(selectors.components.Panels.Panel.status('error'))).toHaveCount(0);
});

test('a service that Prometheus does not know has its captures marked at their memory', async ({
  gotoDashboardPage,
  page,
}) => {
  // Recorded without metrics.
  const queryParams = new URLSearchParams({ 'var-service': 'ingester', 'var-instance': 'ingester-7f9c' });
  const dashboard = await gotoDashboardPage({ uid, queryParams });
  const memory = dashboard.getPanelByTitle('Memory, its limit, and captures').locator;
  await expect(memory.locator('canvas').first()).toBeVisible();
  await expect(memory.getByText('No data')).toHaveCount(0);
  await expect(page.getByTestId('data-testid annotation-marker').first()).toBeVisible();
});

test('a mark and a diamond choose their event, an exemplar of Prometheus opens it in Explore', async ({
  gotoDashboardPage,
  page,
}) => {
  test.slow(); // The dashboard is drawn three times.
  const queryParams = new URLSearchParams({ 'var-service': 'checkout', 'var-instance': 'checkout-0' });
  const dashboard = await gotoDashboardPage({ uid, queryParams });
  const memory = dashboard.getPanelByTitle('Memory, its limit, and captures');
  const heap = dashboard.getPanelByTitle('Heap of the event');
  const link = page.getByRole('link', { name: 'Open capture' }).first();

  await memory.locator.getByTestId('data-testid annotation-marker').last().click();
  await followToEvent(page, link, heap);

  await memory.scrollIntoView();
  await memory.locator.getByTestId('data-testid Exemplar marker').first().click();
  await followToEvent(page, link, heap);

  // Anew, since what a diamond says stays open.
  const again = await gotoDashboardPage({ uid, queryParams });
  const instances = again.getPanelByTitle('Every instance of the service');
  await instances.scrollIntoView();
  await instances.locator.getByTestId('data-testid Exemplar marker').last().click();
  await expect(page.getByText('event_id')).toBeVisible();
  await page.getByRole('link', { name: 'Open in Explore' }).click();
  await expect(page).toHaveURL(/\/explore\?.*traceql/);
  await expectFlameGraph(page.locator('main'), 'RAM');
});

test('the provisioned alert fires near the limit, and its link opens the event before it', async ({
  gotoDashboardPage,
  page,
  request,
}) => {
  const now = Date.now() / 1000;
  const range = { start: now - 3500, end: now, step: 10 };
  const { data } = await (
    await request.get(`${prometheus}/query_range`, { params: { query: `${share} > ${near}`, ...range } })
  ).json();
  const seconds: number[] = data.result.flatMap(({ values }: { values: Array<[number, string]> }) =>
    values.map(([time]) => time)
  );
  expect(seconds.length, 'moments within the hour when memory was near its limit').toBeGreaterThan(0);
  const ago = Math.ceil(now - seconds[Math.floor(seconds.length / 2)]);

  const { folderUID, ruleGroup } = await (
    await request.get('/api/v1/provisioning/alert-rules/pproflens-memory')
  ).json();
  const stored = await (await request.get(`/api/ruler/grafana/api/v1/rules/${folderUID}/${ruleGroup}`)).json();
  const [rule] = stored.rules;
  const { data: groups } = await (await request.get('/api/prometheus/grafana/api/v1/rules')).json();
  const running = groups.groups
    .flatMap(({ rules }: { rules: Array<{ uid: string; health: string }> }) => rules)
    .find((each: { uid: string }) => each.uid === 'pproflens-memory');
  expect(running).toMatchObject({ health: 'ok' });

  // Evaluated as of that moment, so that nobody has to wait for memory to climb.
  for (const query of rule.grafana_alert.data) {
    query.relativeTimeRange = { from: ago + 300, to: ago };
  }
  const evaluated = await request.post('/api/v1/rule/test/grafana', {
    data: { rule, folderUid: folderUID, folderTitle: 'Pprof Lens', ruleGroup },
  });
  expect(evaluated.status(), await evaluated.text()).toBe(200);
  const alerts: Array<{
    annotations: Record<string, string>;
    labels: Record<string, string>;
    startsAt: string;
    endsAt: string;
  }> = await evaluated.json();
  // One that is normal ends when it starts.
  const firing = alerts.filter(({ startsAt, endsAt }) => endsAt > startsAt);
  expect(firing.map(({ labels }) => labels)).toEqual([
    expect.objectContaining({ service: 'checkout', instance: 'checkout-0', severity: 'critical' }),
  ]);
  const { summary, heap: address } = firing[0].annotations;
  expect(summary).toMatch(/^checkout checkout-0 is at (8[5-9]|9\d|100)(\.\d+)?% of its memory limit$/);

  const { pathname, searchParams } = new URL(address);
  expect(pathname).toBe(`/d/${uid}`);
  expect(Number(searchParams.get('to')) - Number(searchParams.get('from'))).toBe(35 * 60_000);
  const dashboard = await gotoDashboardPage({ uid, queryParams: searchParams });
  const captures = dashboard.getPanelByTitle('Captures').locator;
  await expect(captures).toContainText('checkout-0');
  await expect(captures).not.toContainText('checkout-1');
  const flame = dashboard.getPanelByTitle('Heap of the event');
  await flame.scrollIntoView();
  await expectFlameGraph(flame.locator, 'RAM');
  await expect(page.getByText('No data')).toHaveCount(0);
});
