import { expect, test } from '@grafana/plugin-e2e';
import { expectFlameGraph } from './helpers';

test('every panel of Tenants has data', async ({ gotoDashboardPage, page, selectors }) => {
  const dashboard = await gotoDashboardPage({ uid: 'pproflens-tenants' });
  await expect(dashboard.getPanelByTitle('CPU by tenant').locator).toContainText('acme');
  for (const tenant of ['acme', 'globex', 'hooli', 'initech', 'umbrella']) {
    const panel = dashboard.getPanelByTitle(`CPU of ${tenant}`);
    await panel.scrollIntoView();
    await expectFlameGraph(panel.locator, 'Time');
  }
  const goroutines = dashboard.getPanelByTitle('Goroutines by tenant');
  await goroutines.scrollIntoView();
  await expectFlameGraph(goroutines.locator, 'Count');
  await expect(page.getByTestId(selectors.components.Panels.Panel.status('error'))).toHaveCount(0);
});

test('every panel of Heap has data, and a capture that is clicked opens in Explore', async ({
  gotoDashboardPage,
  page,
  selectors,
}) => {
  const dashboard = await gotoDashboardPage({
    uid: 'pproflens-heap',
    queryParams: new URLSearchParams({ 'var-service': 'ingester' }),
  });
  await expect(dashboard.getPanelByTitle('Memory at capture').locator).toContainText('ingester-7f9c');
  const heap = dashboard.getPanelByTitle('Heap of the chosen capture');
  await heap.scrollIntoView();
  await expectFlameGraph(heap.locator, 'RAM');
  const top = dashboard.getPanelByTitle('Top functions');
  await top.scrollIntoView();
  await expect(top.locator).toContainText('compress/flate.NewWriter');

  const captures = dashboard.getPanelByTitle('Captures');
  await captures.scrollIntoView();
  await expect(captures.locator).toContainText('heap-ratio');
  await expect(page.getByTestId(selectors.components.Panels.Panel.status('error'))).toHaveCount(0);
  // There are several: the capture, and its metrics.
  await captures.locator
    .getByText(/^20\d\d-/)
    .first()
    .click();
  await page.getByText('Open in Explore').click();
  await expect(page).toHaveURL(/\/explore\?/);
  await expectFlameGraph(page.locator('main'), 'RAM');
});
