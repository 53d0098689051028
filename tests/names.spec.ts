import { expect, test, type Page } from './test';

/** Opens Explore with a query, as a link would. */
const explore = (page: Page, query: object) =>
  page.goto(`/?tab=explore&query=${encodeURIComponent(JSON.stringify({ refId: 'A', ...query }))}`);
const heap = { capture: 'peak', selector: '{service="ingester", profile="heap"}' };
const full = 'github.com/pproflens/pproflens/demo/service/internal/store.retainedPoints';

/** What a table shows: its own width, that of its content, and which columns are inside of the first. */
const shownBy = (page: Page) =>
  page.getByRole('grid').evaluate((grid) => {
    const end = grid.getBoundingClientRect().right;
    const headers = [...grid.querySelectorAll('[role="columnheader"]')];
    const inside = headers.filter((header) => header.getBoundingClientRect().right <= end + 1);
    return { isWhole: grid.scrollWidth <= grid.clientWidth, columns: inside.map(({ textContent }) => textContent) };
  });

test('names are short, full in the last column, the tooltip and by a switch', async ({ page }) => {
  await explore(page, { ...heap, view: 'top' });
  const leak = page.getByRole('row').nth(1);
  await expect(leak.getByRole('gridcell').first()).toHaveText('store.retainedPoints');
  await expect(leak.getByRole('gridcell').last()).toHaveText(full);
  await leak.getByTestId('data-testid tableng tooltip caret').hover();
  await expect(page.getByTestId('data-testid tableng tooltip wrapper')).toHaveText(full);

  await page.getByRole('switch', { name: 'Full names' }).check({ force: true });
  await expect(leak.getByRole('gridcell').first()).toHaveText(full);
  await expect(page.getByRole('columnheader', { name: 'full name' })).toHaveCount(0);
});

test('a short name is found by filters, and a command has what was typed', async ({ page }) => {
  await explore(page, { ...heap, view: 'flame', focus: 'store\\.retainedPoints' });
  await expect(page.getByText('store.retainedPoints').first()).toBeVisible();
  await expect(page.getByText(full)).toHaveCount(0);
  await page.getByRole('button', { name: 'Command' }).click();
  await expect(page.getByRole('textbox', { name: 'Command' })).toHaveValue(/-focus=store\\\.retainedPoints/);
});

// The content of a panel on a screen of 1280 px with Grafana's menu open: whole, and half of a dashboard.
for (const [width, views] of [
  [940, ['top', 'tree', 'peek', 'sizes', 'tags', 'traces']],
  [450, ['top', 'diff', 'growth', 'tree', 'peek', 'goroutines', 'leaks', 'blockers', 'captures']],
] as const) {
  test(`${width} px show a name and its numbers`, async ({ page }) => {
    // The workbench has 29 px on each side of a panel's content.
    await page.setViewportSize({ width: width + 58, height: 900 });
    const shown: Record<string, { isWhole: boolean; columns: unknown[] }> = {};
    for (const view of views) {
      const isOfGoroutines = ['goroutines', 'leaks', 'blockers'].includes(view);
      await explore(page, {
        ...(isOfGoroutines ? { selector: '{service="scheduler", profile="goroutine"}' } : heap),
        view,
        peek: 'Retain',
        base: view === 'diff' ? 'healthy' : '',
      });
      await expect(page.getByRole('row').nth(1)).toBeVisible();
      await expect(page.getByRole('row').nth(1)).not.toContainText('Loading');
      shown[view] = await shownBy(page);
    }
    if (width === 940) {
      expect(shown).toEqual(
        Object.fromEntries(views.map((view) => [view, { isWhole: true, columns: expect.anything() }]))
      );
      return;
    }
    const expected: Record<string, string[]> = {
      top: ['function', 'flat', 'flat%', 'cum'],
      diff: ['function', 'delta', 'delta%', 'flat'],
      growth: ['function', 'growth', 'growth per minute'],
      tree: ['function', 'flat', 'cum', 'calls'],
      peek: ['function', 'flat', 'cum', 'calls'],
      goroutines: ['signature', 'count', '%', 'state class'],
      leaks: ['signature', 'score', 'last', 'growth'],
      blockers: ['signature', 'waiting', 'probable holder'],
      captures: ['●', 'time', 'value', '% of limit'], // Its label, as Grafana's panel has it.
    };
    // Where there is room, more.
    const first = Object.entries(expected).map(([view, { length }]) => [view, shown[view].columns.slice(0, length)]);
    expect(Object.fromEntries(first)).toEqual(expected);
  });
}
