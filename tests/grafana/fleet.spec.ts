import { expect, test } from '@grafana/plugin-e2e';

test('the instance that leaks is in the first row of Fleet, and a click shows it', async ({
  gotoDashboardPage,
  page,
  selectors,
}) => {
  test.slow(); // Thirty instances are opened.
  const dashboard = await gotoDashboardPage({
    uid: 'pproflens-fleet',
    queryParams: new URLSearchParams({ 'var-service': 'shipping' }),
  });
  const leaking = 'shipping-7c9b5f4d8-6f4a1';
  const map = dashboard.getPanelByTitle('Who is unlike the others');
  await expect(map.locator.getByRole('row').nth(1)).toContainText(leaking);
  await expect(map.locator.getByRole('columnheader').nth(2)).toContainText('store.retainedPoints');
  const instances = dashboard.getPanelByTitle('Instances');
  await instances.scrollIntoView();
  await expect(instances.locator.getByRole('row').nth(1)).toContainText('store.retainedPoints');
  const versions = dashboard.getPanelByTitle('The newest version and the one before');
  await versions.scrollIntoView();
  await expect(versions.locator).toContainText('v3.2.0');
  await map.scrollIntoView();
  await map.locator.getByRole('link', { name: leaking }).click();
  await expect(page).toHaveURL(new RegExp(`var-instance=${leaking}`));
  await expect(page.getByTestId(selectors.components.Panels.Panel.status('error'))).toHaveCount(0);
});
