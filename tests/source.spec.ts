import { alone, expect, test, type Page } from './test';

/** Opens Explore with a query, as a link would. */
const explore = (page: Page, query: object) =>
  page.goto(`/?tab=explore&query=${encodeURIComponent(JSON.stringify({ refId: 'A', ...query }))}`);
const heap = { capture: 'peak', selector: '{service="ingester", profile="heap"}' };
const repository = 'https://github.com/pproflens/pproflens/blob/main';

/** Where the row of a function leads. */
const sourceOf = (page: Page, name: RegExp) =>
  page.getByRole('row').filter({ hasText: name }).first().locator('a').first();

test('functions of tables link to their code', async ({ page }) => {
  await explore(page, { ...heap, view: 'top', trim: false });
  const leak = sourceOf(page, /store\.retainedPoints/);
  await expect(leak).toHaveAttribute(
    'href',
    new RegExp(`^${repository}/demo/service/internal/store/[a-z]+\\.go#L\\d+$`)
  );
  await expect(leak).toHaveAttribute('target', '_blank');
  // Hidden columns carry the addresses.
  await expect(page.getByRole('columnheader', { name: /_source|_linked/ })).toHaveCount(0);
});

test("Go's own functions link to the release that the capture's meta.json says", async ({ page }) => {
  await explore(page, { view: 'top', trim: false, selector: '{service="checkout", profile="heap"}' });
  await expect(sourceOf(page, /^(net|runtime|bufio|compress)[/.]/)).toHaveAttribute(
    'href',
    /^https:\/\/github\.com\/golang\/go\/blob\/go1\.26\.8\/src\/[\w/]+\.go#L\d+$/
  );
});

test('the view List has the lines of a function, each with a link to it', async ({ page }) => {
  await explore(page, { ...heap, view: 'top' });
  await page.getByRole('combobox', { name: 'View' }).click();
  await page.getByRole('option', { name: /^List/ }).click();
  await expect(page.getByText(/shows the functions that match a pattern: enter one/)).toBeVisible();
  await page.getByRole('textbox', { name: 'Function' }).fill('store.*retainedPoints');
  await page.keyboard.press('Enter');
  const rows = page.getByRole('row').filter({ hasText: 'retainedPoints' });
  await expect(rows.nth(1)).toBeVisible();
  // The function itself has no line; sums are those of its lines.
  await expect(rows.nth(0).getByRole('gridcell').nth(1)).toHaveText('');
  const line = await rows.nth(1).getByRole('gridcell').nth(1).innerText();
  expect(line).toMatch(/^\d+$/);
  await expect(rows.nth(1).locator('a').first()).toHaveAttribute('href', new RegExp(`^${repository}/.*#L${line}$`));
  await expect(page.getByRole('button', { name: 'Command' })).toBeVisible();
});

test('stacks of goroutines lead to the call that says what they do', async ({ page }) => {
  await explore(page, { view: 'goroutines', selector: '{service="ingester", profile="goroutine"}' });
  await expect(sourceOf(page, /\.go:\d+/)).toHaveAttribute('href', /^https:\/\/github\.com\/.*\.go#L\d+$/);
});

test.describe('settings', alone, () => {
  const address = '/api/datasources/uid/pproflens';
  let saved: object;
  test.beforeEach(async ({ request }) => (saved = await (await request.get(address)).json()));
  // Other tests share them.
  test.afterEach(({ request }) => request.put(address, { data: saved, headers: { 'x-workbench-role': 'Admin' } }));

  test('show what names of files become, and without a template nothing links', async ({ page }) => {
    await page.goto('/?tab=config');
    const source = page.getByRole('group', { name: 'Source' });
    const preview = page.getByRole('list', { name: 'Source preview' });
    await expect(preview.getByRole('listitem').nth(0)).toHaveText(`${repository}/internal/store/cache.go#L120`);
    await expect(preview.getByRole('listitem').nth(2)).toContainText(
      '/klauspost/compress/blob/v1.17.0/zstd/decoder.go#L120'
    );
    await expect(preview.getByRole('listitem').nth(3)).toContainText('whose version is not known');
    await page.getByLabel('Go version').fill('go1.25.3');
    await expect(preview.getByRole('listitem').nth(3)).toContainText(
      '/golang/go/blob/go1.25.3/src/net/http/server.go#L120'
    );
    await page.getByLabel('Source rules').fill('/build/src => x\ny');
    await expect(page.getByText(/^Rule 2: expected PREFIX/)).toBeVisible();
    await page.getByLabel('Source rules').fill('/build/src => services/x');
    await expect(preview.getByRole('listitem').nth(0)).toContainText('/blob/main/services/x/internal/store/cache.go');
    await page.getByLabel('Source URL').fill('javascript:alert(1)//{path}');
    await expect(page.getByText(/^A template starts with https/)).toBeVisible();

    await page.getByLabel('Source URL').fill('');
    await expect(source.getByLabel('Source rules')).toHaveCount(0);
    await page.getByRole('button', { name: 'Save & test' }).click();
    await expect(page.getByText(/captures|objects|keys/i).first()).toBeVisible();
    const metas: string[] = [];
    page.on('request', (request) => request.url().includes('meta.json') && metas.push(request.url()));
    await page.getByRole('tab', { name: 'Explore' }).click();
    await explore(page, { ...heap, view: 'top' });
    await expect(page.getByRole('row').filter({ hasText: 'store.retainedPoints' }).first()).toBeVisible();
    await expect(page.getByRole('row').locator('a')).toHaveCount(0);
    expect(metas).toEqual([]);
  });
});
