import { getBackendSrv, isFetchError } from '@grafana/runtime';
import { lastValueFrom, takeUntil, fromEvent, throwIfEmpty } from 'rxjs';
import { cancelled, type StoreResponse } from './store/store';

/** A GET that Grafana's own fetch sends. @throws StoreError, cancelled, where the signal is aborted */
export async function sentByGrafana(url: string, signal: AbortSignal): Promise<StoreResponse> {
  const request = getBackendSrv().fetch<ArrayBuffer>({
    url,
    method: 'GET',
    responseType: 'arraybuffer',
    showErrorAlert: false,
  });
  try {
    // Unsubscribing is what makes Grafana abort the request.
    const response = await lastValueFrom(request.pipe(takeUntil(fromEvent(signal, 'abort')), throwIfEmpty(cancelled)));
    return { status: response.status, headers: headersOf(response.headers), body: response.data };
  } catch (error) {
    if (!isFetchError(error) || error.status === 0) {
      throw signal.aborted ? cancelled() : error;
    }
    return { status: error.status, headers: {}, body: bodyOf(error.data) };
  }
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
