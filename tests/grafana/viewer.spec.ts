import { expect, test } from '@grafana/plugin-e2e';
import { createUser, storeUrl, uid } from './helpers';

test('a Viewer reads the bucket and can write nothing to it', async ({ playwright, request, baseURL }) => {
  const { login, remove } = await createUser(request, 'Viewer');
  const credentials = Buffer.from(`${login}:${login}`).toString('base64');
  const viewer = await playwright.request.newContext({
    baseURL,
    storageState: { cookies: [], origins: [] },
    extraHTTPHeaders: { authorization: `Basic ${credentials}` },
  });
  const [org] = await (await viewer.get('/api/user/orgs')).json();
  expect(org.role).toBe('Viewer');

  const proxy = `/api/datasources/proxy/uid/${uid}`;
  const listing = await viewer.get(`${proxy}/s3/?list-type=2&max-keys=1`);
  expect(listing.status()).toBe(200);
  const key = /<Key>([^<]+)<\/Key>/.exec(await listing.text())?.[1];

  const writes = async () => (await (await request.get(`${storeUrl}/_stats`)).json()).writes;
  const before = await writes();
  for (const method of ['PUT', 'POST', 'DELETE', 'PATCH']) {
    for (const path of [`s3/${key}`, 's3/new-object', 'profiles/new-object', '']) {
      const response = await viewer.fetch(`${proxy}/${path}`, { method, data: method === 'DELETE' ? undefined : 'x' });
      expect(response.status(), `${method} ${path}`).toBeGreaterThanOrEqual(400);
    }
  }
  expect(await writes()).toBe(before);
  const saved = await viewer.put(`/api/datasources/uid/${uid}`, { data: { url: storeUrl } });
  expect(saved.status()).toBe(403);

  await viewer.dispose();
  await remove();
});
