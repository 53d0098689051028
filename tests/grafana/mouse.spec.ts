import { expect, test } from '@grafana/plugin-e2e';
import type { Page } from '@playwright/test';
import { chooseEverywhere, chooseTwice, choices, queryFields } from '../fields';
import { watchConsole } from '../test';
import { exploreUrl, pluginId } from './helpers';

/** What is ours, and what kills the page: React's errors, which have our change on the stack or not. */
const watch = (page: Page) =>
  watchConsole(page, (message) => message.location().url.includes(pluginId) || /React error #\d+/.test(message.text()));

test.slow();

for (const each of choices) {
  const { view } = each.query as { view: string };
  test(`every field of view ${view} in Explore takes what is chosen with the mouse`, async ({ page }) => {
    const said = watch(page);
    await page.goto(exploreUrl(each.query));
    await chooseEverywhere(page, each);
    await expect(page.getByText('An unexpected error happened')).toHaveCount(0);
    expect(said).toEqual([]);
  });
}

test('fields of a panel that is edited take what is chosen with the mouse', async ({ gotoPanelEditPage, page }) => {
  const said = watch(page);
  await gotoPanelEditPage({ dashboard: { uid: 'pproflens-heap' }, id: '3' });
  for (const name of ['Profile', 'Sample type', 'Captures', 'Compare with', 'View']) {
    await chooseTwice(page, page.locator(queryFields).and(page.getByRole('combobox', { name, exact: true })));
  }
  await expect(page.getByText('An unexpected error happened')).toHaveCount(0);
  expect(said).toEqual([]);
});

test('every field of the settings takes what is chosen with the mouse', async ({
  createDataSource,
  gotoDataSourceConfigPage,
  page,
}) => {
  const said = watch(page);
  const { uid } = await createDataSource({ type: pluginId, name: 'Pprof Lens mouse test' });
  const settings = await gotoDataSourceConfigPage(uid);
  await expect(page.locator('#layout')).toBeVisible();
  for (const id of ['layout', 'auth']) {
    await chooseTwice(page, page.locator(`#${id}`));
  }
  expect(said).toEqual([]);
  await settings.deleteDataSource();
});
