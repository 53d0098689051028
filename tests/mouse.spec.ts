import { chooseEverywhere, chooseTwice, choices } from './fields';
import { expect, test } from './test';

// A list takes its time on a machine that does other things.
test.slow();

for (const each of choices) {
  test(`every field of ${JSON.stringify(each.query)} takes what is chosen with the mouse`, async ({ page }) => {
    await page.goto(`/?tab=explore&query=${encodeURIComponent(JSON.stringify({ refId: 'A', ...each.query }))}`);
    await chooseEverywhere(page, each);
  });
}

test('every field of the settings takes what is chosen with the mouse', async ({ page }) => {
  await page.goto('/?tab=config');
  await expect(page.locator('#layout')).toBeVisible();
  expect(
    await page
      .locator('main')
      .getByRole('combobox')
      .evaluateAll((fields) => fields.map(({ id }) => id))
  ).toEqual(expect.arrayContaining(['layout', 'auth']));
  for (const id of ['layout', 'auth']) {
    await chooseTwice(page, page.locator(`#${id}`));
  }
});
