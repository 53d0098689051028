import { expect, test, type Locator, type Page } from '@playwright/test';

/** The names of an editor's fields of choice that are on the page. @param fields as a CSS selector */
export const choicesOf = (page: Page, fields: string): Promise<string[]> =>
  page
    .locator(fields)
    .evaluateAll((inputs) =>
      inputs
        .filter((input) => input.getAttribute('role') === 'combobox')
        .map((input) => (input as HTMLInputElement).labels?.[0]?.textContent?.trim() ?? '')
    );

/** The list that is open, as its options are named. */
const optionsOf = async (page: Page): Promise<string[]> =>
  (await page.getByRole('option').allInnerTexts()).map((text) => text.split('\n')[0]);

/**
 * Opens a field's list and chooses from it, both with the mouse, and sees that the list closes.
 *
 * @param wanted the option; without it, or where the list lacks it, the first that is not chosen now
 * @returns what was chosen
 */
export async function choose(page: Page, field: Locator, wanted?: string): Promise<string> {
  const before = await field.inputValue();
  await field.click();
  const others = async () => (await optionsOf(page)).filter((label) => label !== before);
  // Those of the bucket come after a request.
  await expect.poll(async () => (await others()).length, `options beside "${before}"`).toBeGreaterThan(0);
  const labels = await others();
  const chosen = wanted !== undefined && labels.includes(wanted) ? wanted : labels[0];
  await page
    .getByRole('option')
    .filter({ has: page.getByText(chosen, { exact: true }) })
    .first()
    .click();
  await expect(page.getByRole('option')).toHaveCount(0);
  return chosen;
}

/** Chooses something else and, where there was something, that again: fields that depend on it come and go. */
export async function chooseTwice(page: Page, field: Locator): Promise<void> {
  const before = await field.inputValue();
  await expect(field).toHaveValue(await choose(page, field));
  await expect(field).toHaveValue(await choose(page, field, before));
}

/** Of a query that has every field of choice of its view, in an order in which none takes away one that comes later. */
export const choices: ReadonlyArray<{ query: object; sections: string[]; names: string[] }> = [
  {
    query: {
      view: 'flame',
      capture: 'latest',
      base: 'first',
      selector: '{service="querier", profile="cpu", tenant_id="acme"}',
    },
    sections: ['Options of pprof', 'Estimate of a label'],
    names: [
      'Granularity',
      'Estimate',
      'Sample type',
      'Scale',
      'Compare with',
      'Label 1 operator',
      'Label 1 value',
      'Label 1 name',
      'Profile',
      'Service',
      'Captures',
      'View',
    ],
  },
  {
    query: { view: 'top', capture: 'latest', selector: '{service="querier", profile="cpu"}' },
    sections: ['Options of pprof'],
    names: ['Granularity', 'Sort', 'Sample type', 'Profile', 'Service', 'Captures', 'View'],
  },
  {
    query: {
      view: 'goroutines',
      capture: 'latest',
      base: 'previous',
      selector: '{service="scheduler", profile="goroutine"}',
    },
    sections: ['Options of pprof'],
    names: ['Signature', 'Compare with', 'Profile', 'Service', 'Captures', 'View'],
  },
];

/** The inputs of query A's editor. */
export const queryFields = '[id^="pprof-A-"]';

/** Every field of choice of a query's editor takes what is chosen with the mouse. */
export async function chooseEverywhere(page: Page, { sections, names }: (typeof choices)[number]): Promise<void> {
  await expect(page.locator(queryFields).first()).toBeVisible();
  for (const section of sections) {
    await page.getByRole('button', { name: section }).click();
  }
  const found = await choicesOf(page, queryFields);
  expect(
    names.filter((name) => !found.includes(name)),
    'fields that are gone'
  ).toEqual([]);
  const untried = found.filter((name) => !names.includes(name) && name !== 'Add label');
  const field = (name: string) => page.locator(queryFields).and(page.getByRole('combobox', { name, exact: true }));
  for (const name of [...untried, ...names]) {
    await test.step(name, () => chooseTwice(page, field(name)));
  }
  // What is chosen there becomes fields of its own.
  const rows = (await choicesOf(page, queryFields)).filter((name) => / name$/.test(name)).length;
  const label = await choose(page, field('Add label'));
  await expect(field(`Label ${rows + 1} name`)).toHaveValue(label);
  await expect(field('Add label')).toHaveValue('');
  const service = page.locator('div').filter({ has: field('Service') });
  await service.last().getByRole('button', { name: 'Clear value' }).click();
  await expect(field('Service')).toHaveValue('');
}
