import type { StoreFetch, StoreRequest, StoreResponse } from '../store/store';

/** The keys of a bucket in the order of their bytes; not an array where they are made as they are asked for. */
export interface KeyList {
  readonly length: number;
  at(index: number): string | undefined;
}

export const answer = (status: number, body: string, headers: Record<string, string> = {}): StoreResponse => ({
  status,
  headers,
  body: new TextEncoder().encode(body).buffer as ArrayBuffer,
});

/** ListObjectsV2 over a sorted list of keys, 1000 a page, and the requests it saw. */
export function listingServer(keys: readonly string[]): { fetch: StoreFetch; requests: string[] } {
  const requests: string[] = [];
  const fetch: StoreFetch = async ({ path }: StoreRequest) => {
    requests.push(path);
    const query = new URLSearchParams(path.slice(path.indexOf('?')));
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
    const from = lowerBound(keys, after > prefix ? after : prefix);
    const found: string[] = [];
    const folders: string[] = [];
    let last = '';
    for (let i = from; i < keys.length && keys[i].startsWith(prefix) && found.length + folders.length < 1000; i++) {
      const end = query.get('delimiter') ? keys[i].indexOf('/', prefix.length) : -1;
      last = keys[i];
      if (end < 0) {
        found.push(...(keys[i] > after ? [keys[i]] : []));
      } else {
        const folder = keys[i].slice(0, end + 1);
        folders.push(folder);
        i = lowerBound(keys, folder.slice(0, -1) + '0') - 1; // '0' follows '/'.
      }
    }
    const next = lowerBound(keys, last + '\0');
    const truncated = found.length === 1000 && next < keys.length && keys[next].startsWith(prefix);
    const contents = found.map(
      (key) =>
        `<Contents><ETag>"1"</ETag><Size>10</Size><Key>${encodeURIComponent(key)}</Key><LastModified>2026-11-03T00:00:00.000Z</LastModified></Contents>`
    );
    return answer(
      200,
      `<?xml version="1.0"?><x:ListBucketResult xmlns:x="http://s3.amazonaws.com/doc/2006-03-01/">${contents.join('')}` +
        folders.map((f) => `<CommonPrefixes><Prefix>${encodeURIComponent(f)}</Prefix></CommonPrefixes>`).join('') +
        `<EncodingType>url</EncodingType><IsTruncated>${truncated}</IsTruncated>` +
        (truncated ? `<NextContinuationToken>${last}</NextContinuationToken>` : '') +
        '</x:ListBucketResult>'
    );
  };
  return { fetch, requests };
}

/** The first place in sorted keys whose key is not before another. */
export function lowerBound(keys: KeyList, key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys.at(middle) ?? '') < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
