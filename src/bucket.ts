import { getBackendSrv, isFetchError } from '@grafana/runtime';
import { lastValueFrom, takeUntil, fromEvent, throwIfEmpty } from 'rxjs';
import { compileLayout, presetLayout, type Layout } from './store/layout';
import { remembered } from './store/remembered';
import { createS3Store } from './store/s3';
import { StoreError, type Store, type StoreFetch } from './store/store';
import type { PprofOptions } from './types';

/** The bucket of one data source: where it is, how its keys are read, what is allowed. */
export interface Bucket {
  /** One of its own each time a bucket is opened: what is held of another must not stand for it. */
  readonly id: string;
  readonly store: Store;
  readonly layout: Layout;
  readonly prefix: string;
  readonly maxCaptures: number;
}

let opened = 0;

/** @throws Error where the settings cannot work, saying which one */
export function openBucket(proxyUrl: string, options: PprofOptions, fetch: StoreFetch = proxyFetch(proxyUrl)): Bucket {
  return {
    id: `${opened++}`,
    store: remembered(createS3Store(fetch, { maxObjectBytes: (options.maxObjectMiB || 128) * 1048576 })),
    layout: layoutOf(options),
    prefix: options.prefix ?? '',
    maxCaptures: options.maxCaptures || 200,
  };
}

export function layoutOf({ layout, layoutTemplate }: PprofOptions): Layout {
  return layout === 'custom' ? compileLayout(layoutTemplate ?? '') : presetLayout(layout ?? '');
}

/** Requests through Grafana's data source proxy, whose only route is GET below the bucket's URL. */
export function proxyFetch(proxyUrl: string): StoreFetch {
  return async ({ path, signal }) => {
    const request = getBackendSrv().fetch<ArrayBuffer>({
      url: `${proxyUrl}/s3${path}`,
      method: 'GET',
      responseType: 'arraybuffer',
      showErrorAlert: false,
    });
    const stopped = new StoreError('The request was cancelled.', 0, 'cancelled');
    try {
      // Unsubscribing is what makes Grafana abort the request.
      const response = await lastValueFrom(
        request.pipe(
          takeUntil(fromEvent(signal, 'abort')),
          throwIfEmpty(() => stopped)
        )
      );
      return { status: response.status, headers: headersOf(response.headers), body: response.data };
    } catch (error) {
      if (!isFetchError(error) || error.status === 0) {
        throw signal.aborted ? stopped : error;
      }
      return { status: error.status, headers: {}, body: bodyOf(error.data) };
    }
  };
}

function headersOf(headers: Headers | undefined): Record<string, string> {
  const plain: Record<string, string> = {};
  headers?.forEach((value, name) => (plain[name.toLowerCase()] = value));
  return plain;
}

/** With responseType arraybuffer an error's body is bytes; Grafana's own errors are objects or text. */
function bodyOf(data: unknown): ArrayBuffer {
  if (data instanceof ArrayBuffer) {
    return data;
  }
  const text = typeof data === 'string' ? data : JSON.stringify(data ?? '');
  return new TextEncoder().encode(text).buffer as ArrayBuffer;
}
