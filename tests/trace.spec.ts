import { expect, test, type Page } from './test';
import { drawn } from './workbench';

const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

test('from the memory incident to what the process waited for', async ({ page }) => {
  await page.goto('/d/pproflens-incident?var-service=checkout&var-instance=checkout-0');
  await drawn(page);
  // Nothing of the trace is read before its row is opened.
  await expect(panel(page, 'Trace')).toHaveCount(0);
  await page.getByRole('button', { name: 'Execution trace of the event' }).click();
  const line = panel(page, 'Trace').getByRole('row').nth(1);
  await expect(line).toContainText('4.22 s');
  await expect(panel(page, 'Blocked, by tenant').getByRole('row').filter({ hasText: 'acme' })).toContainText('s');
  await line.getByRole('link').first().click();

  // The dashboard of traces is at the seconds of this one.
  await expect(page).toHaveURL(/tab=trace/);
  await expect(page).toHaveURL(/trace\.out\.gz/);
  await drawn(page);
  const lanes = panel(page, 'Goroutines that waited longest');
  await expect(
    lanes.getByRole('note').filter({ hasText: 'System goroutines, those of the runtime itself, are left out' })
  ).toBeVisible();
  await expect(lanes.getByRole('link', { name: 'main.(*server).run' })).toHaveCount(4);
  await expect(panel(page, 'Tasks and regions').getByRole('row').filter({ hasText: 'ingest' })).toContainText('23');
  await expect(panel(page, 'Latency of tasks').getByRole('img', { name: 'tasks' })).toBeVisible();

  // A lane leads to its goroutine, which narrows the others.
  await lanes.getByRole('link', { name: 'main.(*server).run' }).first().click();
  await expect(page).toHaveURL(/var-goroutine=\d+/);
  await drawn(page);
  await expect(lanes.getByRole('link')).toHaveCount(1);
});

test('a range within a trace narrows what is shown of it', async ({ page }) => {
  await page.goto('/d/pproflens-trace?var-service=checkout&var-instance=checkout-0');
  await panel(page, 'Trace').getByRole('link').first().click();
  await expect(page).toHaveURL(/from=\d+/);
  const address = new URL(page.url());
  const from = Number(address.searchParams.get('from')) + 1000;
  address.searchParams.set('from', String(from));
  address.searchParams.set('to', String(from + 500));
  await page.goto(address.href);
  const pauses = panel(page, 'Stop-the-world and latency');
  await expect(pauses.getByText("The time range has 500 ms of the trace's 4.22 s.")).toBeVisible();
});

test('from the memory alert to the tenant who was blocked in the second before it', async ({ page }) => {
  // As the alert's link has it: service, instance and a range, and no event.
  const now = Date.now();
  const link = { 'var-service': 'checkout', 'var-instance': 'checkout-0', from: `${now - 3_600_000}`, to: `${now}` };
  await page.goto(`/d/pproflens-incident?${new URLSearchParams(link)}`);
  await drawn(page);
  await page.getByRole('button', { name: 'Execution trace of the event' }).click();
  await panel(page, 'Trace').getByRole('row').nth(1).getByRole('link').first().click();
  await expect(page).toHaveURL(/tab=trace/);
  await drawn(page);
  const tenants = panel(page, 'Blocked, by tenant');
  await expect(tenants.getByRole('row').filter({ hasText: 'acme' })).toBeVisible();
  const whole = await tenants.innerText();

  // Its last second, of the trace that the range is within: no event is named.
  const address = new URL(page.url());
  const to = Number(address.searchParams.get('to'));
  address.searchParams.set('from', String(to - 1000));
  address.searchParams.delete('var-event');
  await page.goto(address.href);
  await drawn(page);
  await expect(tenants.getByText(/The time range has [\d.]+ (ms|s) of the trace's 4\.22 s\./)).toBeVisible();
  const rows = tenants.getByRole('row').filter({ hasText: /acme|globex|hooli|initech|umbrella/ });
  await expect(rows.first()).toBeVisible();
  expect(await tenants.innerText()).not.toBe(whole);
  const flame = panel(page, 'Where they were blocked, by reason');
  await expect(flame.getByText(/The time range has/)).toBeVisible();
});

test('who unblocked whom and the mutator: a graph of nodes and edges, and a curve', async ({ page }) => {
  await page.goto('/d/pproflens-trace?var-service=checkout&var-instance=checkout-0');
  await panel(page, 'Trace').getByRole('link').first().click();
  await expect(page).toHaveURL(/from=\d+/);
  await drawn(page);
  const graph = panel(page, 'Who unblocked whom');
  await expect(graph.getByText('Grafana draws these two frames, nodes and edges')).toBeVisible();
  await expect(graph.getByRole('grid')).toHaveCount(2);
  await expect(panel(page, 'Minimum mutator utilisation').getByRole('img', { name: /minimum mutator/ })).toBeVisible();
  await expect(panel(page, 'Worst windows of the mutator').getByRole('row').nth(1)).toBeVisible();
});
