import { test as base, type ConsoleMessage, type Locator, type Page } from '@playwright/test';

export { expect, type Locator, type Page } from '@playwright/test';

/**
 * What a page's console says from now on: errors, warnings and what nobody caught. That a request was refused is the
 * browser's own line; whether the page says so is for the tests.
 *
 * @param isOurs of a message, where others write to the console too
 */
export function watchConsole(page: Page, isOurs: (message: ConsoleMessage) => boolean = () => true): string[] {
  const said: string[] = [];
  page.on('console', (message) => {
    const isLoud = message.type() === 'error' || message.type() === 'warning';
    if (isLoud && !/^Failed to load resource/.test(message.text()) && isOurs(message)) {
      said.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => said.push(error.stack ?? error.message));
  return said;
}

/**
 * Of a test that counts what the bucket is asked, measures memory or changes the settings, which all tests share: it runs when no
 * other does.
 */
export const alone = { tag: '@alone' };

/** The first picture there, which has no size in its first moments: until then nothing can be read of it. */
export async function sizedCanvas(where: Page | Locator): Promise<Locator> {
  const canvas = where.locator('canvas').first();
  await base.expect.poll(() => canvas.evaluate(({ width, height }: HTMLCanvasElement) => width * height)).not.toBe(0);
  return canvas;
}

/** Playwright's test, which fails where the console of the workbench is not empty. */
export const test = base.extend<{ emptyConsole: void }>({
  emptyConsole: [
    async ({ page }, use) => {
      const said = watchConsole(page);
      await use();
      base.expect(said, 'the console').toEqual([]);
    },
    { auto: true },
  ],
});
