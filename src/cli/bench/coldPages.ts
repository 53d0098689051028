import type { Browser } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { putCapture, withDemo } from './demo';

/** First queries of a file, in ms, by run. */
export interface ColdPages {
  /** Clicked as soon as the page can be, which is at work for about a second more: nobody is as fast. */
  readonly atOnce: readonly number[];
  readonly afterASecond: readonly number[];
}

/**
 * First queries in Chromium, by file: each page, its worker and its cache are new. The plugin is there and nothing was asked
 * when the clock starts, with the click on Explore; it ends when the panel gets the frame of the flame graph. Listing and
 * reading the object through the workbench's proxy is within.
 */
export async function coldPages(
  files: readonly string[],
  scratch: string,
  runs: number
): Promise<readonly ColdPages[]> {
  const captures = join(scratch, 'captures');
  const now = new Date();
  files.forEach((file, i) => putCapture(captures, `cold${i}`, now, 'heap.pb.gz', readFileSync(file)));
  return withDemo({ CAPTURES: captures }, async (browser, url) => {
    const times = files.map(() => ({ atOnce: [] as number[], afterASecond: [] as number[] }));
    for (let run = 0; run < runs; run++) {
      for (const [i, { atOnce, afterASecond }] of times.entries()) {
        const selector = `service="cold${i}", profile="heap"`;
        atOnce.push(await firstQuery(browser, url, selector, 0));
        afterASecond.push(await firstQuery(browser, url, selector, 1000));
      }
    }
    return times;
  });
}

/** @param rest ms between the page and the click */
async function firstQuery(browser: Browser, url: string, selector: string, rest: number): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const query = JSON.stringify({ refId: 'A', view: 'flame', selector });
    await page.goto(`${url}/?tab=config&query=${encodeURIComponent(query)}`);
    await page.getByRole('button', { name: 'Save & test' }).waitFor();
    await page.waitForTimeout(rest);
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
