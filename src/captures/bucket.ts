import { openStore } from '../store/open';
import { remembered } from '../store/remembered';
import type { Store, StoreFetch } from '../store/store';
import { compileLayout, presetLayout, type Layout } from './layout';

/** The bucket of one data source: where it is, how its keys are read, what is allowed. */
export interface Bucket {
  /** One of its own each time a bucket is opened: what is held of another must not stand for it. */
  readonly id: string;
  readonly store: Store;
  readonly layout: Layout;
  readonly prefix: string;
  readonly maxCaptures: number;
  /** Most requests of one listing. */
  readonly maxLists?: number;
  /** Keys whose value is the tenant in execution traces; none for those that the decoder takes. */
  readonly tenantKeys?: readonly string[];
}

/** What the settings of a data source say of its bucket (types.ts). */
export interface BucketSettings {
  readonly prefix?: string;
  readonly layout?: string;
  readonly layoutTemplate?: string;
  readonly maxObjectMiB?: number;
  readonly maxCaptures?: number;
  readonly maxLists?: number;
  readonly traceTenantKeys?: string;
  /** In seconds. */
  readonly timeout?: number | string;
}

let opened = 0;

/**
 * @param maxInFlight requests under way at once
 * @throws Error where the settings cannot work, saying which one
 */
export function openBucket(fetch: StoreFetch, settings: BucketSettings, maxInFlight?: number): Bucket {
  const { prefix = '', maxObjectMiB, maxCaptures, maxLists, traceTenantKeys = '', timeout } = settings;
  const limits = {
    maxObjectBytes: (maxObjectMiB || 128) * 1048576,
    maxLists: maxLists || undefined,
    maxInFlight,
    timeout: timeoutOf(timeout),
  };
  return {
    id: `${opened++}`,
    store: remembered(openStore('s3', fetch, limits)),
    layout: layoutOf(settings),
    prefix,
    maxCaptures: maxCaptures || 200,
    maxLists: limits.maxLists,
    tenantKeys: tenantKeysOf(traceTenantKeys),
  };
}

/** As they are entered: commas and spaces between them. */
function tenantKeysOf(text: string): readonly string[] | undefined {
  const keys = text.split(/[\s,]+/).filter(Boolean);
  return keys.length > 0 ? keys : undefined;
}

/** In ms. Grafana's proxy takes the setting as a number and as text. */
export const timeoutOf = (seconds: number | string | undefined): number => (Number(seconds) || 30) * 1000;

export function layoutOf({ layout, layoutTemplate }: BucketSettings): Layout {
  return layout === 'custom' ? compileLayout(layoutTemplate ?? '') : presetLayout(layout ?? '');
}
