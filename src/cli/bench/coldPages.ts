import type { Browser } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { putCapture, withDemo } from './demo';

/**
 * Milliseconds of first queries in Chromium, by file and run: each page, its worker and its cache are new. The plugin is
 * there and nothing was asked when the clock starts, with the click on Explore; it ends when the panel gets the frame of the
 * flame graph. Listing and reading the object through the workbench's proxy is within.
 */
export async function coldPages(files: readonly string[], scratch: string, runs: number): Promise<number[][]> {
  const captures = join(scratch, 'captures');
  const now = new Date();
  files.forEach((file, i) => putCapture(captures, `cold${i}`, now, 'heap.pb.gz', readFileSync(file)));
  return withDemo({ CAPTURES: captures }, async (browser, url) => {
    const times = files.map((): number[] => []);
    for (let run = 0; run < runs; run++) {
      for (const [i, ofFile] of times.entries()) {
        ofFile.push(await firstQuery(browser, url, `service="cold${i}", profile="heap"`));
      }
    }
    return times;
  });
}

async function firstQuery(browser: Browser, url: string, selector: string): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const query = JSON.stringify({ refId: 'A', view: 'flame', selector });
    await page.goto(`${url}/?tab=config&query=${encodeURIComponent(query)}`);
    await page.getByRole('button', { name: 'Save & test' }).waitFor();
    await page.evaluate(() =>
      document.addEventListener('click', () => performance.mark('click'), { capture: true, once: true })
    );
    await page.getByRole('tab', { name: 'Explore' }).click();
    await page.locator('canvas').first().waitFor();
    return await page.evaluate(() => {
      const [click] = performance.getEntriesByName('click');
      const done = performance
        .getEntriesByName('response')
        .filter((mark) => (mark as PerformanceMark).detail === 'Done');
      return done[0].startTime - click.startTime;
    });
  } finally {
    await context.close();
  }
}
