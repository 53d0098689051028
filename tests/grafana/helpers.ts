import { expect } from '@grafana/plugin-e2e';
import type { APIRequestContext, Locator, Page } from '@playwright/test';

export const pluginId = 'pproflens-pprof-datasource';
/** The data source of provisioning/datasources. */
export const uid = 'pproflens';
/** Where this machine reaches the demo's bucket; Grafana may know it by another name. */
export const storeUrl = process.env.STORE_URL ?? 'http://127.0.0.1:9000';

/** The bucket's URL as Grafana reaches it. */
export async function provisionedBucket(request: APIRequestContext): Promise<string> {
  const response = await request.get(`/api/datasources/uid/${uid}`);
  const { jsonData } = await response.json();
  return jsonData.bucketUrl;
}

/** The address of Explore with a query. @param from of the time range, up to now */
export function exploreUrl(query: object, from = 'now-1h'): string {
  const pane = {
    datasource: uid,
    queries: [{ refId: 'A', datasource: { type: pluginId, uid }, ...query }],
    range: { from, to: 'now' },
  };
  return `/explore?${new URLSearchParams({ schemaVersion: '1', orgId: '1', panes: JSON.stringify({ one: pane }) })}`;
}

/** That a flame graph is drawn: Grafana's text above it, and a canvas of more than the background. */
export async function expectFlameGraph(where: Locator, unit: 'RAM' | 'Time' | 'Count'): Promise<void> {
  await expect(where.getByText(new RegExp(`samples \\(${unit}\\)`)).first()).toBeVisible();
  const canvas = where.locator('canvas').first();
  const colours = () =>
    canvas.evaluate((element: HTMLCanvasElement) => {
      const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
  await expect.poll(colours).toBeGreaterThan(5);
}

/**
 * Waits until no panel of a dashboard loads, and stays so for a second.
 * @returns when the last one was done, as the page's performance.now()
 */
export const allDrawn = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const begun = performance.now();
        let last = begun;
        const look = () => {
          const now = performance.now();
          const panels = document.querySelectorAll('[data-testid^="data-testid Panel header"]').length;
          const isLoading = document.querySelector('[aria-label="Panel loading bar"]') !== null;
          if (panels < 4 || isLoading) {
            last = now;
          }
          if (now - last > 1000) {
            resolve(last);
          } else if (now - begun > 60_000) {
            reject(new Error(`${panels} panels after a minute${isLoading ? ', still loading' : ''}`));
          } else {
            requestAnimationFrame(look);
          }
        };
        look();
      })
  );
