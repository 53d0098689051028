import { expect, test } from '@grafana/plugin-e2e';
import { expectFlameGraph, exploreUrl, uid } from './helpers';

test('a heap in Explore', async ({ page }) => {
  const query = { view: 'flame', capture: 'peak', selector: '{service="ingester", profile="heap"}' };
  await page.goto(exploreUrl(query));
  await expectFlameGraph(page.locator('main'), 'RAM');
  await expect(page.getByText('store.retainedPoints').first()).toBeVisible();
});

test('a filter that matches nothing says what there is', async ({ page }) => {
  const query = { view: 'flame', capture: 'latest', selector: '{service="ingestor"}' };
  await page.goto(exploreUrl(query));
  // Explore counts what a query has to say; the text is in the tooltip.
  await page.getByText('1 warning').hover();
  await expect(
    page.getByText(/There is no service "ingestor" in the bucket; there are checkout/).first()
  ).toBeVisible();
});

test('a query that is edited in a panel', async ({ gotoPanelEditPage, page }) => {
  const panelEdit = await gotoPanelEditPage({ dashboard: { uid: 'pproflens-heap' }, id: '3' });
  await expectFlameGraph(panelEdit.panel.locator, 'RAM');
  const listed = page.waitForResponse((response) => response.url().includes(`/proxy/uid/${uid}/s3/`));
  const editor = panelEdit.getQueryEditorRow('A');
  await editor.getByRole('button', { name: 'Edit as text' }).click();
  const selector = editor.getByRole('textbox', { name: 'Selector' });
  await selector.fill('{service="querier", profile="cpu"}');
  await selector.press('Enter');
  expect((await listed).ok()).toBe(true);
  await expectFlameGraph(panelEdit.panel.locator, 'Time');
});
