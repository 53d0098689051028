import { expect, test } from '@grafana/plugin-e2e';
import { pluginId, provisionedBucket } from './helpers';

test('Save & test says what the bucket holds, or what is wrong', async ({
  createDataSource,
  gotoDataSourceConfigPage,
  page,
  request,
  selectors,
}) => {
  const bucketUrl = await provisionedBucket(request);
  const { uid } = await createDataSource({ type: pluginId, name: 'Pprof Lens settings test' });
  const settings = await gotoDataSourceConfigPage(uid);
  const answer = settings.getByGrafanaSelector(selectors.pages.DataSource.alert);
  const saveWith = async (url: string) => {
    await page.getByRole('textbox', { name: /Bucket URL/ }).fill(url);
    await settings.getByGrafanaSelector(selectors.pages.DataSource.saveAndTest).click();
  };

  await saveWith('s3://profiles');
  await expect(answer).toContainText(/"s3:\/\/profiles" is none that Grafana can read: expected https/);

  await saveWith(bucketUrl);
  await expect(answer).toContainText(/\d+ captures of 5 services in the last 7 days/);
  await expect(page.getByRole('region', { name: 'Key preview' })).toContainText('service=checkout');

  await saveWith(bucketUrl.replace(/[^/]+$/, 'forbidden'));
  await expect(answer).toContainText(/No access to the listing \(403\).*s3:ListBucket.*AccessDenied/);

  await saveWith(bucketUrl.replace(/[^/]+$/, 'nothing-here'));
  await expect(answer).toContainText(/There is no such bucket \(404\)/);

  // Port 9 is the discard service, which nobody runs.
  await saveWith('http://127.0.0.1:9/profiles');
  await expect(answer).toContainText(/The bucket cannot be reached \(502\)/);

  await saveWith(bucketUrl);
  await expect(answer).toContainText(/\d+ captures of 5 services in the last 7 days/);
  await expect(page.getByRole('region', { name: 'Key preview' }).getByText('could not be read')).toHaveCount(0);

  await settings.deleteDataSource();
});
