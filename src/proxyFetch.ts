import { config } from '@grafana/runtime';
import { StoreError, type StoreFetch, type StoreRequest, type StoreResponse } from './store/store';

/**
 * Requests through Grafana's data source proxy, whose only route is GET below the bucket's URL. The browser's own fetch sends
 * them: Grafana's gives nothing of an answer before all of it is there, and takes a redirect for a network that failed. Where
 * Grafana wants another session (401; the bucket's 401 comes as 400), Grafana's sends them, which gets one.
 */
export function proxyFetch(proxyUrl: string, headers: Record<string, string> = {}): StoreFetch {
  return async (request) => {
    const url = `${proxyUrl}/s3${request.path}`;
    const { orgId } = config.bootData.user;
    const response = await globalThis.fetch?.(config.appSubUrl + url, {
      headers: orgId ? { ...headers, 'X-Grafana-Org-Id': String(orgId) } : headers,
      redirect: 'manual',
      signal: request.signal,
    });
    return response && response.status !== 401
      ? read(response, request)
      : (await import(/* webpackChunkName: "session" */ './grafanaFetch')).sentByGrafana(url, request.signal);
  };
}

async function read(response: Response, { maxBytes = Infinity, onBytes }: StoreRequest): Promise<StoreResponse> {
  if (response.type === 'opaqueredirect') {
    throw new StoreError(
      'The bucket answered with a redirect to another address, which is not followed: check the region and host in the bucket URL.',
      0,
      'redirect'
    );
  }
  onBytes?.();
  const answer = { status: response.status, headers: Object.fromEntries(response.headers) };
  // Of what is packed on the way it is the packed length: what is known then is that it is more than that.
  const announced = Number(response.headers.get('content-length')) || 0;
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (reader && announced <= maxBytes && bytes <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) {
      return { ...answer, body: joined(chunks, bytes) };
    }
    onBytes?.();
    chunks.push(value);
    bytes += value.length;
  }
  void reader?.cancel().catch(() => undefined);
  const tooLarge = Math.max(announced, bytes);
  return { ...answer, body: new ArrayBuffer(0), ...(tooLarge > maxBytes && { tooLarge }) };
}

function joined(chunks: readonly Uint8Array[], bytes: number): ArrayBuffer {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all.buffer;
}
