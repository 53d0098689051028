import type { StoreFetch, StoreRequest, StoreResponse } from '../store/store';
import { answer, lowerBound, type KeyList } from './listing';

/** How a server lists otherwise than AWS does (docs/servers.md). */
export interface Quirks {
  readonly pageSize?: number;
  /** The order it has instead of S3's: the place of each key in it. Only for few keys. */
  readonly order?: (keys: string[]) => string[];
  readonly startAfter?: 'ignored' | 'refused';
  readonly delimiter?: 'ignored';
  /** `pages`: a folder is listed on each page that has a key below it. `inOne`: all of a page in one element. */
  readonly folders?: 'pages' | 'inOne';
  /** The token it sends in place of its own; called with the number of the request. */
  readonly token?: (request: number) => string;
  /** How keys are written, and whether it is said; AWS encodes a space as "+". */
  readonly write?: (key: string) => string;
  readonly encodingType?: 'absent';
}

const pageLimit = 1000;

/** ListObjectsV2 over keys, page by page, and the requests it saw. */
export class S3Server {
  readonly requests: string[] = [];
  private readonly sorted: KeyList;

  constructor(
    keys: KeyList | readonly string[],
    private readonly quirks: Quirks = {}
  ) {
    this.sorted = Array.isArray(keys) ? keyListOf(keys, quirks.order) : (keys as KeyList);
  }

  readonly fetch: StoreFetch = async ({ path }: StoreRequest): Promise<StoreResponse> => {
    this.requests.push(path);
    const query = new URLSearchParams(path.slice(path.indexOf('?')));
    const { startAfter } = this.quirks;
    if (startAfter === 'refused' && query.has('start-after')) {
      return answer(501, '<Error><Code>NotImplemented</Code></Error>');
    }
    const prefix = query.get('prefix') ?? '';
    const after = startAfter === 'ignored' ? '' : (query.get('start-after') ?? '');
    const delimiter = this.quirks.delimiter === 'ignored' ? null : query.get('delimiter');
    const size = Math.min(this.quirks.pageSize ?? pageLimit, Number(query.get('max-keys') ?? 100));
    const place = query.has('continuation-token')
      ? Number(query.get('continuation-token')?.split('-')[0])
      : this.first(prefix, after);
    return answer(200, this.page({ prefix, after, delimiter, size }, place));
  };

  private get isOrdered(): boolean {
    return this.quirks.order === undefined;
  }

  private first(prefix: string, after: string): number {
    return this.isOrdered ? lowerBound(this.sorted, after >= prefix && after !== '' ? `${after}\0` : prefix) : 0;
  }

  private page(
    asked: { prefix: string; after: string; delimiter: string | null; size: number },
    place: number
  ): string {
    const { prefix, after, delimiter, size } = asked;
    const found: string[] = [];
    const folders = new Set<string>();
    let entries = 0;
    let at = place;
    for (; at < this.sorted.length && entries < size; at++) {
      const key = this.sorted.at(at) ?? '';
      if (this.isOrdered && !key.startsWith(prefix)) {
        at = this.sorted.length;
        break;
      }
      if (!key.startsWith(prefix) || (!this.isOrdered && key <= after)) {
        continue;
      }
      const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
      if (end < 0) {
        found.push(key);
        entries++;
        continue;
      }
      const folder = key.slice(0, end + 1);
      entries += this.quirks.folders === 'pages' || !folders.has(folder) ? 1 : 0;
      folders.add(folder);
      if (this.quirks.folders !== 'pages' && this.isOrdered) {
        at = lowerBound(this.sorted, `${folder}\u{10ffff}`) - 1;
      }
    }
    const isTruncated = at < this.sorted.length && (!this.isOrdered || this.sorted.at(at)?.startsWith(prefix) === true);
    return this.xml(found, [...folders], isTruncated ? at : undefined);
  }

  private xml(keys: readonly string[], folders: readonly string[], next: number | undefined): string {
    const { write = (key: string) => encodeURIComponent(key).replace(/%20/g, '+'), token, encodingType } = this.quirks;
    const contents = keys.map(
      (key) =>
        `<Contents><Key>${write(key)}</Key><Size>10</Size><ETag>"e"</ETag><LastModified>2026-11-28T00:00:00.000Z</LastModified></Contents>`
    );
    const prefixes = folders.map((folder) => `<Prefix>${write(folder)}</Prefix>`);
    const common =
      this.quirks.folders === 'inOne'
        ? `<CommonPrefixes>${prefixes.join('')}</CommonPrefixes>`
        : prefixes.map((text) => `<CommonPrefixes>${text}</CommonPrefixes>`).join('');
    return (
      `<ListBucketResult>${contents.join('')}${common}${encodingType === 'absent' ? '' : '<EncodingType>url</EncodingType>'}` +
      `<IsTruncated>${next !== undefined}</IsTruncated>` +
      (next === undefined
        ? ''
        : `<NextContinuationToken>${token?.(this.requests.length) ?? next}</NextContinuationToken>`) +
      '</ListBucketResult>'
    );
  }
}

const keyListOf = (keys: readonly string[], order?: (keys: string[]) => string[]): KeyList =>
  order ? order([...keys].sort()) : [...keys].sort();
