import { expect, test } from '@grafana/plugin-e2e';
import { expectFlameGraph, exploreUrl } from './helpers';

// The captures are of the hour before the demo was started, which may be long ago.
const scheduler = { 'var-service': 'scheduler', from: 'now-24h', to: 'now' };

test('every panel of Goroutines has data', async ({ gotoDashboardPage, page, selectors }) => {
  const dashboard = await gotoDashboardPage({
    uid: 'pproflens-goroutines',
    queryParams: new URLSearchParams(scheduler),
  });
  await expect(dashboard.getPanelByTitle('States over time').locator).toContainText('channel');
  await expect(dashboard.getPanelByTitle('Suspected leaks over time').locator).toContainText('leaks.poll leaks.go:162');

  const leaks = dashboard.getPanelByTitle('Suspected leaks');
  await expect(leaks.locator.getByRole('row').nth(1)).toContainText('leaks.sendAnswer leaks.go:59');
  await expect(leaks.locator.getByRole('row').nth(1)).toContainText('280');
  const groups = dashboard.getPanelByTitle('Groups of the capture, and what changed since the one before');
  await groups.scrollIntoView();
  await expect(groups.locator.getByRole('row').nth(1)).toContainText('grown');
  for (const title of ['Stacks by state class', 'Who started them']) {
    const panel = dashboard.getPanelByTitle(title);
    await panel.scrollIntoView();
    await expectFlameGraph(panel.locator, 'Count');
  }
  const holders = dashboard.getPanelByTitle('Probable holders of locks');
  await holders.scrollIntoView();
  await expect(holders.locator.getByRole('row').nth(1)).toContainText('leaks.(*ledger).append');
  await expect(page.getByTestId(selectors.components.Panels.Panel.status('error'))).toHaveCount(0);
});

test('the dashboard is narrowed by a search, and its flame graphs valued by waits', async ({ gotoDashboardPage }) => {
  const queryParams = new URLSearchParams({
    ...scheduler,
    'var-search': 'state == "chan receive" && dups > 20',
    'var-value': 'wait',
  });
  const dashboard = await gotoDashboardPage({ uid: 'pproflens-goroutines', queryParams });
  const leaks = dashboard.getPanelByTitle('Suspected leaks');
  await expect(leaks.locator.getByRole('row').nth(1)).toContainText('leaks.consume leaks.go:69');
  await expect(leaks.locator).not.toContainText('sendAnswer');
  const stacks = dashboard.getPanelByTitle('Stacks by state class');
  await stacks.scrollIntoView();
  await expectFlameGraph(stacks.locator, 'Time');
});

test('Explore: goroutines of each tenant that a search finds, and a mistake in it', async ({ page }) => {
  const query = {
    view: 'goroutines',
    selector: '{service="scheduler", profile="goroutine"}',
    groupBy: 'tenant_id',
  };
  await page.goto(exploreUrl(query, 'now-24h'));
  const rows = page.getByRole('row').filter({ hasText: 'leaks.sendAnswer' });
  await expect(rows).toHaveCount(2);
  const search = page.getByLabel('Search', { exact: true });
  await search.fill('tenant_id == "globex" && state == "chan send"');
  await search.press('Enter');
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText('globex');
  await search.fill('tenant_id = "globex"');
  await search.press('Enter');
  await expect(page.getByText(/Search: expected == or =~ at position 11/).first()).toBeVisible();
});
