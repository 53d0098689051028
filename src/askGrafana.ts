import { getBackendSrv, isFetchError, type BackendSrvRequest } from '@grafana/runtime';
import { fromEvent, lastValueFrom, takeUntil, throwIfEmpty } from 'rxjs';

/**
 * What a request through Grafana's own client is answered, which gets a new session where that is over. For answers that are small.
 * @param said what to say of an answer that is an error
 * @throws Error of what is said, or the client's where there is no answer; AbortError where the signal aborts
 */
export async function askGrafana<T>(
  request: BackendSrvRequest,
  signal: AbortSignal,
  said: (status: number, data: unknown) => string
): Promise<T> {
  const answer = getBackendSrv().fetch<T>({ showErrorAlert: false, ...request });
  const left = () => new DOMException('The request was left.', 'AbortError');
  try {
    return (await lastValueFrom(answer.pipe(takeUntil(fromEvent(signal, 'abort')), throwIfEmpty(left)))).data;
  } catch (error) {
    throw isFetchError(error) ? new Error(said(error.status, error.data)) : error;
  }
}
