import { getBackendSrv, isFetchError } from '@grafana/runtime';
import { lastValueFrom, takeUntil, fromEvent, throwIfEmpty } from 'rxjs';
import { cancelled, type StoreFetch } from './store/store';

/** Requests through Grafana's data source proxy, whose only route is GET below the bucket's URL. */
export function proxyFetch(proxyUrl: string): StoreFetch {
  return async ({ path, signal }) => {
    const request = getBackendSrv().fetch<ArrayBuffer>({
      url: `${proxyUrl}/s3${path}`,
      method: 'GET',
      responseType: 'arraybuffer',
      showErrorAlert: false,
    });
    try {
      // Unsubscribing is what makes Grafana abort the request.
      const response = await lastValueFrom(
        request.pipe(takeUntil(fromEvent(signal, 'abort')), throwIfEmpty(cancelled))
      );
      return { status: response.status, headers: headersOf(response.headers), body: response.data };
    } catch (error) {
      if (!isFetchError(error) || error.status === 0) {
        throw signal.aborted ? cancelled() : error;
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
