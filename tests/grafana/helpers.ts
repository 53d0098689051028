import { expect } from '@grafana/plugin-e2e';
import type { APIRequestContext, Locator, Page } from '@playwright/test';
import { randomUUID } from 'node:crypto';
import { sizedCanvas } from '../test';

export const pluginId = 'pproflens-pprof-datasource';
/** The data source of provisioning/datasources. */
export const uid = 'pproflens';
/** Where this machine reaches the demo's bucket; Grafana may know it by another name. */
export const storeUrl = process.env.STORE_URL ?? 'http://127.0.0.1:9000';

/** The data source of the gateway, where one runs: `npm run grafana` starts it where Go is installed. */
export const gatewayUid = 'pproflens-gateway';

/** The bucket's URL as Grafana reaches it. */
export async function provisionedBucket(request: APIRequestContext): Promise<string> {
  const response = await request.get(`/api/datasources/uid/${uid}`);
  const { jsonData } = await response.json();
  return jsonData.bucketUrl;
}

/** The address of Explore with a query. @param from of the time range, up to now */
export function exploreUrl(query: object, from = 'now-1h', datasource = uid, to = 'now'): string {
  const pane = {
    datasource,
    queries: [{ refId: 'A', datasource: { type: pluginId, uid: datasource }, ...query }],
    range: { from, to },
  };
  return `/explore?${new URLSearchParams({ schemaVersion: '1', orgId: '1', panes: JSON.stringify({ one: pane }) })}`;
}

/** That a flame graph is drawn: Grafana's text above it, and a canvas of more than the background. */
export async function expectFlameGraph(where: Locator, unit: 'RAM' | 'Time' | 'Count'): Promise<void> {
  await expect(where.getByText(new RegExp(`samples \\(${unit}\\)`)).first()).toBeVisible();
  const canvas = await sizedCanvas(where);
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

export type Role = 'Viewer' | 'Editor';

/** A new user with a role: the name, which is the password too, and what removes the user. */
export async function createUser(request: APIRequestContext, role: Role) {
  const login = `${role.toLowerCase()}-${randomUUID()}`;
  const created = await request.post('/api/admin/users', { data: { name: login, login, password: login } });
  expect(created.ok(), await created.text()).toBe(true);
  const { id } = await created.json();
  const changed = await request.patch(`/api/org/users/${id}`, { data: { role } });
  expect(changed.ok(), await changed.text()).toBe(true);
  return { login, remove: () => request.delete(`/api/admin/users/${id}`) };
}
