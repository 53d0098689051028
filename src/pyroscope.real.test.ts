import { getBackendSrv } from '@grafana/runtime';
import { request } from 'node:http';
import { from } from 'rxjs';
import { decode } from './decode/decode';
import { Pyroscope } from './pyroscope';
import { pyroscopeSources } from './pyroscopeSources';
import { blobBytes } from './testing/wire';
import { parseQuery, type ProfileQuery, type StoredQuery } from './query/query';

jest.mock('@grafana/runtime', () => ({ getBackendSrv: jest.fn(), isFetchError: () => false }));

const real = process.env.PYROSCOPE_URL;
const procedures: Readonly<Record<string, string>> = { types: 'ProfileTypes', merge: 'SelectMergeProfile' };

interface Sent {
  readonly url: string;
  readonly data: object;
  readonly headers: Record<string, string>;
}

/** As Grafana's proxy sends it; jsdom has no fetch. */
async function send({ url, data, headers }: Sent): Promise<{ data: unknown }> {
  const isBytes = data instanceof Blob;
  const body = isBytes ? await blobBytes(data) : JSON.stringify(data);
  const path = `/querier.v1.QuerierService/${procedures[url.replace(/.*\//, '')]}`;
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const asked = request(new URL(path, real), { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
    });
    asked.on('error', reject).end(body);
  });
  return { data: isBytes ? Uint8Array.from(answer).buffer : JSON.parse(answer.toString()) };
}

(real ? test : test.skip)(`a real one answers${real ? '' : ' (PYROSCOPE_URL is not set)'}`, async () => {
  jest.mocked(getBackendSrv).mockReturnValue({ fetch: (sent: Sent) => from(send(sent)) } as never);
  const stored: Partial<StoredQuery> = { view: 'top', selector: '{profile="heap"}' };
  const query = parseQuery(stored) as ProfileQuery;
  const range = { from: Date.now() - 3_600_000, to: Date.now() };
  const { signal } = new AbortController();
  const { sources, load } = await pyroscopeSources(new Pyroscope('/proxy'), query, range, signal);
  const profile = await decode(new Uint8Array(await load(sources.profile[0].key, signal)));
  expect(profile.sampleTypes).toEqual([{ type: 'inuse_space', unit: 'bytes' }]);
  expect(profile.sample.length).toBeGreaterThan(0);
});
