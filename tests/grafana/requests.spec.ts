import { expect, test } from '@grafana/plugin-e2e';
import type { Page } from '@playwright/test';
import { readAgain, requestsOf, total } from '../counts';
import { allDrawn, storeUrl } from './helpers';

// High enough that Grafana runs the queries of every panel, which a trace would draw again and again.
test.use({ viewport: { width: 1400, height: 4500 }, trace: 'off' });

const variables = { 'var-service': 'checkout', 'var-instance': 'checkout-0' };
const open = async (page: Page, uid: string, more: Record<string, string>) => {
  await page.goto(`/d/${uid}?${new URLSearchParams(more)}`);
  await allDrawn(page);
};

test('Memory incident opens with at most 7 listings, and each object is read once', async ({ page, request }) => {
  const counts = await requestsOf(request, storeUrl, () => open(page, 'pproflens-incident', variables));
  expect(Object.keys(counts.gets).length).toBeGreaterThan(5);
  expect(readAgain(counts)).toEqual([]);
  expect(total(counts.lists), JSON.stringify(counts.lists, null, 1)).toBeLessThanOrEqual(7);
});

test('a minute of Memory incident at 5 s costs at most 14 listings, and no object is read again', async ({
  page,
  request,
  selectors,
}) => {
  test.setTimeout(180_000);
  await open(page, 'pproflens-incident', variables);
  await page.getByTestId(selectors.components.RefreshPicker.intervalButtonV2).click();
  await page.getByText('5s', { exact: true }).click();
  const counts = await requestsOf(request, storeUrl, () => page.waitForTimeout(60_000));
  expect(total(counts.lists), JSON.stringify(counts.lists, null, 1)).toBeLessThanOrEqual(14);
  expect(total(counts.lists)).toBeGreaterThanOrEqual(5);
  expect(readAgain(counts)).toEqual([]);
});

test('Goroutines reads each dump once for all of its panels', async ({ page, request }) => {
  const counts = await requestsOf(request, storeUrl, () =>
    open(page, 'pproflens-goroutines', { 'var-service': 'scheduler' })
  );
  expect(Object.keys(counts.gets).length).toBeGreaterThan(5);
  expect(readAgain(counts)).toEqual([]);
});
