import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { alone, expect, test } from './test';
import { drawn } from './workbench';

const settingsUrl = '/api/datasources/uid/pproflens';

// tests/live captures, by a real gateway. This one only notes what it is asked.
test(
  'no page, refresh or link asks the gateway for anything, and Viewers have no button',
  alone,
  async ({ page, request }) => {
    const asked: string[] = [];
    const gateway = createServer(({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    const gatewayUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    const { jsonData } = await (await request.get(settingsUrl)).json();
    const save = (data: object) => request.put(settingsUrl, { headers: { 'x-workbench-role': 'Admin' }, data });
    await save({ jsonData: { ...jsonData, gatewayUrl } });
    try {
      await page.goto('/?tab=incident&var-service=checkout'); // What each view asks for, datasource.test.ts says.
      await drawn(page);
      await page.getByRole('button', { name: 'Refresh' }).click();
      await drawn(page);
      const links = await page
        .locator('a[href^="/d/"], a[href^="/explore"]')
        .evaluateAll((all) => all.map((link) => link.getAttribute('href') as string));
      // One of each kind: they differ in times and ids.
      const kinds = [...new Map(links.map((link) => [link.replace(/\d/g, '').slice(0, 120), link])).values()];
      expect(kinds.length).toBeGreaterThan(1);
      for (const link of kinds.slice(0, 3)) {
        await page.goto(link);
        await expect(page.locator('[data-state="Done"]').first()).toBeVisible();
      }
      const query = { refId: 'A', view: 'flame', selector: '{profile="heap"}', capture: 'now', captureNow: true };
      const explore = `/?tab=explore&query=${encodeURIComponent(JSON.stringify(query))}&capture=now`;
      await page.goto(explore);
      const button = page.getByRole('button', { name: 'Capture now' });
      await expect(button).toBeVisible();
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.goto(`${explore}&role=Viewer`);
      await expect(page.getByLabel('View', { exact: true })).toBeVisible();
      await expect(button).toHaveCount(0);
      expect(asked).toEqual([]);

      await page.goto(explore);
      await button.click(); // The one way there.
      await expect.poll(() => asked).toEqual(['GET /pproflens/targets']);
    } finally {
      await save({ jsonData });
      gateway.close();
    }
  }
);
