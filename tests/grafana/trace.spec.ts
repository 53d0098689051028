import { expect, test } from '@grafana/plugin-e2e';
import type { Page } from '@playwright/test';
import { expectFlameGraph } from './helpers';

const uid = 'pproflens-trace';

// Some twenty panels.
test.beforeEach(() => test.slow());

/** The address of the seconds that the recorded trace has, as the first row of the dashboard's table links to it. */
async function traceRange(page: Page): Promise<URLSearchParams> {
  await page.goto(`/d/${uid}?var-service=checkout&from=now-24h&to=now`);
  const link = page.getByRole('row').nth(1).getByRole('link').first();
  await expect(link).toHaveAttribute('href', /from=\d+&to=\d+/, { timeout: 60_000 });
  return new URL((await link.getAttribute('href')) as string, page.url()).searchParams;
}

test('every panel of Execution trace has data', async ({ gotoDashboardPage, page, selectors }) => {
  const dashboard = await gotoDashboardPage({ uid, queryParams: await traceRange(page) });
  const scrollTo = async (title: string) => {
    const panel = dashboard.getPanelByTitle(title);
    await panel.scrollIntoView();
    return panel.locator;
  };
  await expect(await scrollTo('Heap and GC')).toContainText('heap live');
  await expect(await scrollTo('Processors')).toContainText('running goroutines');
  await expect(await scrollTo('Mutator utilisation')).toContainText('mutator utilisation');
  await expect(await scrollTo('Goroutines by the function where they began')).toContainText('main.(*server).run');
  await expect((await scrollTo('Goroutines one by one')).getByRole('row').nth(1)).toBeVisible();
  await expectFlameGraph(await scrollTo('Where they were blocked, by reason'), 'Time');
  await expect((await scrollTo('Who unblocked them')).getByRole('row').nth(1)).toBeVisible();
  await expect(await scrollTo('Tasks and regions')).toContainText('ingest');
  await expect(await scrollTo('Tasks, the longest first')).toContainText('ingest');
  for (const title of ['Latency of tasks', 'Waits for a processor', 'Minimum mutator utilisation']) {
    await expect((await scrollTo(title)).locator('canvas').first()).toBeVisible();
  }
  await expect(await scrollTo('Stop-the-world and latency')).toContainText('GC mark termination');
  await expect((await scrollTo('The worst of them')).getByRole('row').nth(1)).toBeVisible();
  await expect((await scrollTo('Worst windows of the mutator')).getByRole('row').nth(1)).toBeVisible();
  await expect(page.getByTestId(selectors.components.Panels.Panel.status('error'))).toHaveCount(0);
  await expect(page.getByText(/No data|Missing|not supported/)).toHaveCount(0);
});

test('annotations: GC and stop-the-world are regions over the heap, with their length', async ({
  gotoDashboardPage,
  page,
}) => {
  const dashboard = await gotoDashboardPage({ uid, queryParams: await traceRange(page) });
  const marks = dashboard.getPanelByTitle('Heap and GC').locator.getByTestId('data-testid annotation-marker');
  await expect(marks.first()).toBeVisible();
  // Marks are drawn over one another by rising time: the last of the trace has only that of the capture above it.
  await marks.nth(-2).hover();
  await expect(
    page.getByText(/^(GC concurrent mark phase|stop-the-world \(|GC mark assist|GC incremental sweep)/).first()
  ).toBeVisible();
});

test('state timeline: lanes are goroutines by name, states have names, and a lane opens its goroutine', async ({
  gotoDashboardPage,
  page,
}) => {
  const dashboard = await gotoDashboardPage({ uid, queryParams: await traceRange(page) });
  const waited = dashboard.getPanelByTitle('Goroutines that waited longest');
  await waited.scrollIntoView();
  const lanes = waited.locator;
  for (const state of ['running', 'runnable']) {
    await expect(lanes.getByText(state, { exact: true })).toBeVisible();
  }
  const canvas = lanes.locator('canvas').first();
  const colours = await canvas.evaluate((element: HTMLCanvasElement) => {
    const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
  expect(colours).toBeGreaterThan(5);
  // The top of the panel may be below the header, which stays.
  const plot = lanes.locator('.u-over').first();
  const { width, height } = (await plot.boundingBox()) as { width: number; height: number };
  await plot.click({ position: { x: width * 0.6, y: height - 15 } });
  const link = page.getByRole('link', { name: 'Show this goroutine' });
  await expect(link).toHaveAttribute('href', /var-goroutine=\d+/);

  const processors = dashboard.getPanelByTitle('What processors ran');
  await processors.scrollIntoView();
  await expect(processors.locator.getByText('GC work', { exact: true })).toBeVisible();
});

test('traces panel: the longest task, its regions and the log that says the tenant', async ({
  gotoDashboardPage,
  page,
}) => {
  const dashboard = await gotoDashboardPage({ uid, queryParams: await traceRange(page) });
  const panel = dashboard.getPanelByTitle('Task');
  await panel.scrollIntoView();
  await expect(panel.locator).toContainText('checkout');
  await expect(panel.locator.getByText('ingest').first()).toBeVisible();
  await panel.locator
    .getByRole('switch', { name: /ingest/ })
    .first()
    .click();
  await panel.locator
    .getByText(/^(Logs|Events)/)
    .first()
    .click();
  await expect(panel.locator.getByText(/tenant/).first()).toBeVisible();
});

test('node graph: functions and what they waited for', async ({ gotoDashboardPage, page }) => {
  const dashboard = await gotoDashboardPage({ uid, queryParams: await traceRange(page) });
  const panel = dashboard.getPanelByTitle('Who unblocked whom');
  await panel.scrollIntoView();
  await expect(panel.locator.getByText('main.(*server).run').first()).toBeVisible();
  expect(await panel.locator.locator('svg circle').count()).toBeGreaterThan(2);
  // The graph is larger than its panel: what is outside can be seen, but not clicked.
  const zoomOut = panel.locator.getByRole('button', { name: /zoom out/i });
  while (await zoomOut.isEnabled()) {
    await zoomOut.click();
  }
  const node = panel.locator.getByTestId(/^node-click-rect/).first();
  await node.evaluate((element) => element.scrollIntoView({ block: 'center' }));
  await node.click();
  await expect(page.getByText('ended waits').first()).toBeVisible();
});

test('a range that is dragged within the trace narrows its panels, and finds it without an event', async ({
  gotoDashboardPage,
  page,
}) => {
  const whole = await traceRange(page);
  const from = Number(whole.get('from')) + 1000;
  const queryParams = new URLSearchParams({ 'var-service': 'checkout', from: `${from}`, to: `${from + 500}` });
  const dashboard = await gotoDashboardPage({ uid, queryParams });
  const flame = dashboard.getPanelByTitle('Where they were blocked, by reason');
  await flame.scrollIntoView();
  await expectFlameGraph(flame.locator, 'Time');
  await flame.locator.getByTestId('title-items-container').locator('[tabindex]').last().hover();
  await expect(page.getByText(/The time range has 500 ms of the trace's/)).toBeVisible();
});
