import { expect, test } from '@grafana/plugin-e2e';
import type { Page } from '@playwright/test';
import { expectFlameGraph, exploreUrl } from './helpers';

const open = (page: Page, query: object) => page.goto(exploreUrl(query));
const heap = { capture: 'peak', selector: '{service="ingester", profile="heap"}' };

test('a flame graph of two captures has both sides', async ({ page }) => {
  await open(page, { ...heap, view: 'flame', base: 'first' });
  // Both sides, not their sum; the panel knows KiB by no other name than a count.
  await expectFlameGraph(page.locator('main'), 'Count');
  await expect(page.getByText(/MiB → .* MiB \|/)).toBeVisible();
  await expect(page.getByText(/^grown by .* MiB \(\+\d+ %\)$/).first()).toBeVisible();
  await expect(page.getByText('Baseline')).toBeVisible();
  await expect(page.getByText('Comparison')).toBeVisible();
});

test('a table of changes, and one of growth with its sparklines', async ({ page }) => {
  await open(page, { ...heap, view: 'diff', base: 'healthy' });
  await expect(page.getByText('grown').first()).toBeVisible();
  await open(page, { ...heap, view: 'growth' });
  await expect(page.getByText(/store\.retainedPoints/).first()).toBeVisible();
  await expect(
    page.locator('main').getByRole('table').or(page.getByRole('grid')).locator('canvas').first()
  ).toBeVisible();
});

test('the call graph is drawn by the node graph panel', async ({ page }) => {
  await open(page, { ...heap, view: 'graph' });
  await expect(page.getByText('store.retainedPoints').first()).toBeVisible();
});

test('a sandwich is two flame graphs, of what a function calls and of who calls it', async ({ page }) => {
  await open(page, { ...heap, view: 'sandwich', peek: 'flate.NewWriter' });
  // The panel's table beside the graph renders only the rows that fit, so the search narrows it to the one that is meant.
  const searches = page.getByPlaceholder('Search...');
  await expect(searches).toHaveCount(2);
  const rows = [
    ['Callees of', /^Callees of flate\.NewWriter · ingester · /, 'init', 'flate.(*compressor).init'],
    ['Callers of', /^Callers of flate\.NewWriter · ingester · /, 'server', 'main.(*server).do'],
  ] as const;
  for (const [i, [titleSearch, title, search, name]] of rows.entries()) {
    await searches.nth(i).fill(titleSearch);
    await expect(page.getByText(title).first()).toBeVisible();
    await searches.nth(i).fill(search);
    await expect(page.getByText(name).first()).toBeVisible();
  }
});

test('names of functions have more room in a table than numbers', async ({ page }) => {
  await open(page, { ...heap, view: 'top' });
  const widthOf = async (name: string) => (await page.getByRole('columnheader', { name }).first().boundingBox())?.width;
  await expect
    .poll(async () => ((await widthOf('function')) ?? 0) / ((await widthOf('flat%')) ?? 1))
    .toBeGreaterThan(2);
});

const linkOf = (page: Page, name: RegExp) =>
  page.getByRole('row').filter({ hasText: name }).first().getByRole('link').first();

for (const query of [{ view: 'top' }, { view: 'list', peek: 'store\\.retainedPoints' }]) {
  test(`rows of ${query.view} link to their code`, async ({ page }) => {
    await open(page, { ...heap, ...query });
    await expect(linkOf(page, /store\.retainedPoints/)).toHaveAttribute(
      'href',
      /^https:\/\/github\.com\/pproflens\/pproflens\/blob\/main\/demo\/service\/internal\/store\/cache\.go#L\d+$/
    );
  });
}

test('a row whose code is of an unknown version has no link', async ({ page }) => {
  // The recorded ingester has no meta.json that says its Go. Of an empty link Explore makes about:blank.
  await open(page, { ...heap, view: 'top', focus: 'flate\\.NewWriter' });
  await expect(
    page
      .getByRole('row')
      .filter({ hasText: /flate\.NewWriter/ })
      .first()
  ).toBeVisible();
  await expect(linkOf(page, /flate\.NewWriter/)).toHaveCount(0);
});
