import { expect, test } from './test';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

const minute = 60_000;

test("the demo's bucket has each event once at any time, of one version after the other, and old keys stay readable", async ({
  request,
}) => {
  const { createStore, listed, loadCaptures, repeatCaptures } = await import('../demo/store/store.mjs');
  const start = Date.now();
  const objects = repeatCaptures({ start });
  const recorded = loadCaptures(undefined, start).length;
  // Until what comes next is loaded.
  for (let now = start; now <= start + 90 * minute; now += 6 * minute) {
    const there = listed(objects, now);
    expect(there).toHaveLength(recorded);
    const files = there.map(({ key }: { key: string }) => key.replace(/^([^/]+)\/.*Z_/, '$1 ').replace(/\.\d+\//, '/'));
    expect(new Set(files).size).toBe(recorded);
    const ages = there.map(({ time }: { time: number }) => now - time);
    expect(Math.max(...ages)).toBeLessThan(90 * minute);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(0);
  }
  const versions = (now: number) =>
    new Set(listed(objects, now).map(({ key }: { key: string }) => /_(v[\d.]+)\/heap/.exec(key)?.[1]));
  expect(versions(start + 90 * minute)).not.toEqual(versions(start));

  const old = listed(objects, start)[0].key;
  const server = createStore(objects, () => start + 95 * minute).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bucket = `http://127.0.0.1:${(server.address() as AddressInfo).port}/profiles/`;
  const list = await (await request.get(`${bucket}?list-type=2&prefix=${encodeURIComponent(old)}`)).text();
  expect(list).toContain('<KeyCount>0</KeyCount>');
  expect((await request.get(bucket + old)).status()).toBe(200);
  server.close();
});
