import { expect, test, type Page } from './test';

const panel = (page: Page, name: string | RegExp) =>
  page.getByRole('region', { name, exact: typeof name === 'string' });
const leaking = 'shipping-7c9b5f4d8-6f4a1';

test('the instance that leaks is in the first row, with what it leaks, and a click shows it against another one', async ({
  page,
}) => {
  await page.goto('/d/pproflens-fleet?var-service=shipping');
  const map = panel(page, 'Who is unlike the others');
  await expect(map.getByRole('columnheader', { name: 'store.retainedPoints' })).toBeVisible();
  const first = map.getByRole('row').nth(1);
  await expect(first).toContainText(leaking);
  await expect(panel(page, 'Instances').getByRole('row').nth(1)).toContainText('store.retainedPoints');
  await expect(panel(page, 'Functions that are not as in the peers').getByRole('row').nth(1)).toContainText(leaking);
  await expect(
    panel(page, /^Over time/)
      .getByText(leaking)
      .first()
  ).toBeVisible();
  await expect(panel(page, 'The newest version and the one before').getByText('grown').first()).toBeVisible();

  await first.getByRole('link', { name: leaking }).click();
  await expect(page).toHaveURL(new RegExp(`var-instance=${leaking}`));
  const flame = panel(page, `${leaking}, and another instance at that moment`);
  await expect(flame.getByText(/^Compared with the capture of another instance/)).toBeVisible();
  await expect(flame.getByText(/^grown by \d+\.\d MiB/).first()).toBeVisible();
});
