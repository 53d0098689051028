import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test, type Page } from './test';

/** Opens Explore with a query, as a link would. */
const explore = (page: Page, query: object) =>
  page.goto(`/?tab=explore&query=${encodeURIComponent(JSON.stringify({ refId: 'A', ...query }))}`);
const heap = { capture: 'peak', selector: '{service="ingester", profile="heap"}' };

test('the peak against the last healthy capture, chosen in the editor', async ({ page }) => {
  await explore(page, { ...heap, view: 'flame' });
  await page.getByRole('combobox', { name: 'Compare with' }).click();
  await page.getByRole('option', { name: /^Last healthy capture/ }).click();
  await expect(
    page.getByText(/^Compared with the last capture below 70 % of its limit: .* at 60 % of 192 MiB/)
  ).toBeVisible();
  // Grafana's legend of a difference.
  await expect(page.getByText('Baseline')).toBeVisible();
  await expect(page.getByText('Comparison')).toBeVisible();

  const view = page.getByRole('combobox', { name: 'View' });
  await view.click();
  // The list draws only what is in view.
  await view.fill('Diff');
  await page.getByRole('option', { name: /^Diff/ }).click();
  const leak = page.getByRole('row').filter({ hasText: 'store.retainedPoints' });
  await expect(leak.getByRole('gridcell').nth(1)).toHaveText(/^\d+\.\d MiB$/);
  await expect(leak.getByRole('gridcell').nth(5)).toHaveText('grown');
});

test('growth over the ramp names the leak first', async ({ page }) => {
  await explore(page, { ...heap, view: 'growth' });
  await expect(page.getByText(/^Captures of the process of .*ingester-7f9c/)).toBeVisible();
  await expect(page.getByText(/^7 captures over \d+\.\d min\.$/)).toBeVisible();
  const rows = page.getByRole('row');
  await expect(rows.nth(1)).toContainText('total');
  await expect(rows.nth(2)).toContainText('store.retainedPoints');
  // R² of a steady leak.
  await expect(rows.nth(2).getByRole('gridcell').nth(5)).toHaveText(/^(1\.00|0\.99)/);
  await expect(rows.nth(2).locator('canvas')).toBeVisible();
});

test('a command of go tool pprof that is pasted sets the query, and a wrong one says why', async ({ page }) => {
  await explore(page, { ...heap, view: 'flame' });
  await page.getByRole('button', { name: 'Command' }).click();
  const command = page.getByRole('textbox', { name: 'Command' });
  await expect(command).toHaveValue(/^go tool pprof -http=: ingester\/.*heap\.pb\.gz$/);

  await command.fill('go tool pprof -top -cum -nodecount=3 -hide=^runtime FILE');
  await command.press('Enter');
  await expect(page.getByRole('combobox', { name: 'View' })).toHaveValue('Top');
  await expect(
    page.getByRole('button', { name: /^Options of pprof: hide=\^runtime, cum, nodecount=3$/ })
  ).toBeVisible();
  await expect(page.getByRole('row')).toHaveCount(4);
  await expect(command).toHaveValue(/^go tool pprof -top '-hide=\^runtime' -cum -nodecount=3 ingester\//);

  await command.fill('go tool pprof -disasm=main FILE');
  await command.press('Enter');
  await expect(page.getByText(/^-disasm: the plugin has no such option/)).toBeVisible();
});

for (const [base, name] of [
  ['', /^ingester_[\w.-]+_heap_\d{8}T\d{6}Z\.pb\.gz$/],
  ['healthy', /^ingester_[\w.-]+_heap_\d{8}T\d{6}Z_diff\.pb\.gz$/],
] as const) {
  test(`go tool pprof says the same of a download${base && ' less its base'}`, async ({ page }) => {
    const hasGo = spawnSync('go', ['version']).status === 0;
    test.skip(!hasGo, 'go is not installed: nothing to open the file with');
    // Percentages of what is left: a file does not know what was filtered out.
    await explore(page, { ...heap, view: 'top', base, ignore: '^runtime\\.', relativePercentages: true });
    const leak = page.getByRole('row').nth(1);
    await expect(leak).toContainText('store.retainedPoints');
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download .pb.gz' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(name);

    const args = ['tool', 'pprof', '-top', '-unit=MB', '-symbolize=none', await download.path()];
    const report = execFileSync('go', args, { encoding: 'utf8' });
    const [, flat, percent, cum] = /^ *([\d.]+)MB +([\d.]+%) +[\d.]+% +([\d.]+)MB .*retainedPoints/m.exec(report)!;
    const cells = await leak.getByRole('gridcell').allTextContents();
    expect(cells).toContain(`${Number(flat).toFixed(1)} MiB`);
    expect(cells).toContain(`${Number(cum).toFixed(1)} MiB`);
    expect(cells).toContain(percent);
  });
}

test('an option deep in the editor is reached with the keyboard and said when it is closed', async ({ page }) => {
  await explore(page, { ...heap, view: 'top' });
  const options = page.getByRole('button', { name: /^Options of pprof/ });
  await options.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Show from' }).fill('main\\.\\(\\*server\\)');
  await page.keyboard.press('Enter');
  await options.click();
  await expect(options).toHaveText('Options of pprof: show_from=main\\.\\(\\*server\\)');
  await expect(page.getByRole('row').filter({ hasText: 'net/http' })).toHaveCount(0);
});
