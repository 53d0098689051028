import { expect, type Page } from './test';

/** The bucket of the demo that playwright.config.ts starts. */
export const storeUrl = `http://127.0.0.1:${process.env.STORE_PORT ?? 9987}`;

/** Until every panel has its last answer. */
export async function drawn(page: Page): Promise<void> {
  const panels = page.locator('.grid .panel');
  const waiting = panels.filter({ has: page.locator('[data-state="Loading"], [data-testid="Spinner"]') });
  await expect.poll(() => panels.count()).toBeGreaterThan(4);
  await expect(waiting).toHaveCount(0, { timeout: 30_000 });
}
