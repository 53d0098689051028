import { expect, sizedCanvas, test, type Page } from './test';

// What the pictures say. Names of bars are read in the panel's own table, colours from its canvas.

const explore = (page: Page, query: object) =>
  page.goto(`/?tab=explore&query=${encodeURIComponent(JSON.stringify({ refId: 'A', ...query }))}`);
const heap = { capture: 'peak', selector: '{service="ingester", profile="heap"}' };
const row = (page: Page, text: string | RegExp) =>
  page.getByTestId('topTable').getByRole('row').filter({ hasText: text });
const title = /\d\d:\d\d:\d\d · 92 % of 192 MiB against .* · ingester · ingester-7f9c/;

/** How many pixels of the picture are of which colour. */
const hues = async (page: Page) =>
  (await sizedCanvas(page)).evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    const counts = { red: 0, green: 0, grey: 0 };
    for (let i = 0; i < data.length; i += 4) {
      const [red, green, , alpha] = data.subarray(i, i + 4);
      if (alpha === 255) {
        counts[red > green + 40 ? 'red' : green > red + 40 ? 'green' : 'grey']++;
      }
    }
    return counts;
  });

test('a heap that grew everywhere is red, by what its values grew', async ({ page }) => {
  await explore(page, { ...heap, view: 'flame', base: 'healthy' });
  const text = await row(page, 'grown by').getByRole('cell').nth(1).textContent();
  const [, by, percent] = /^grown by ([\d.]+) MiB \(\+(\d+) %\)$/.exec(text ?? '')!;
  await expect(row(page, 'grown by').getByRole('cell').nth(4)).toHaveText(
    new RegExp(`^${percent}(\\.\\d)?%|${Number(percent) - 1}\\.\\d%`)
  );
  const sides = await page.getByText(/MiB → .* MiB \|/).textContent();
  const [, before, now] = /^([\d.]+) MiB → ([\d.]+) MiB/.exec(sides ?? '')!;
  expect(Math.abs(Number(now) - Number(before) - Number(by))).toBeLessThan(0.2);
  const { red, green } = await hues(page);
  expect(red).toBeGreaterThan(3 * green);
  expect(await row(page, title).count()).toBe(1);

  // In shares of each side the same heap says what grew more than the rest.
  await explore(page, { ...heap, view: 'flame', base: 'healthy', scale: 'percent' });
  await expect(row(page, title)).toBeVisible();
  await expect(row(page, 'grown by')).toHaveCount(0);
  const shares = await hues(page);
  expect(shares.green).toBeGreaterThan(green);
});

test('what grew alone, chosen in the editor, has the deltas of the table of changes', async ({ page }) => {
  await explore(page, { ...heap, view: 'flame', base: 'healthy' });
  await page.getByRole('combobox', { name: 'Draw' }).click();
  await page.getByRole('option', { name: /^Grown only/ }).click();
  await expect(
    page.getByText(/^What has grown, call path by call path: .* MiB\. What has shrunk is left out/)
  ).toBeVisible();
  await expect(page.getByText('Baseline')).toHaveCount(0);
  const grown = await row(page, 'store.retainedPoints').getByRole('cell').nth(2).textContent();
  await explore(page, { ...heap, view: 'diff', base: 'healthy' });
  const leak = page.getByRole('row').filter({ hasText: 'store.retainedPoints' });
  await expect(leak.getByRole('gridcell').nth(1)).toHaveText(grown ?? '');
});

test('a sandwich says which half it is, and of what', async ({ page }) => {
  await explore(page, { ...heap, view: 'sandwich', peek: 'store\\.retainedPoints' });
  await expect(row(page, /^Callees of store\.retainedPoints · ingester · ingester-7f9c/)).toBeVisible();
  await expect(row(page, /^(?!Callees).*store\.retainedPoints/)).toBeVisible();
  await explore(page, { ...heap, view: 'callers', focus: 'retainedPoints', pruneFrom: 'retainedPoints' });
  await expect(row(page, 'main.(*server).leak').first()).toBeVisible();
  // One chain of callers: a bar for each, not one for all.
  const bars = async () =>
    (await sizedCanvas(page)).evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')!.getImageData(canvas.width / 2, 0, 1, canvas.height);
      return data.filter((value, i) => i % 4 === 3 && value === 255).length / (22 * devicePixelRatio);
    });
  await expect.poll(bars).toBeGreaterThan(8);
});

test('why there is nothing is in the picture', async ({ page }) => {
  await explore(page, { view: 'flame', selector: '{service="ingestor"}' });
  await expect(row(page, 'There is no service "ingestor" in the bucket')).toBeVisible();
  await explore(page, { ...heap, view: 'flame', focus: '(' });
  await expect(row(page, 'The pattern for focus is not a regular expression')).toBeVisible();
});
