import { Places } from './concurrency';
import {
  cancelled,
  StoreError,
  type RetryOptions,
  type StoreFetch,
  type StoreRequest,
  type StoreResponse,
} from './store';

/** As Grafana's proxy has it, unless the settings say otherwise. */
export const defaultTimeout = 30_000;

/** An answer that comes byte by byte ends after so many times the time in which nothing may come. */
const maxTimeouts = 10;

/**
 * A fetch that waits for a free place, and tries again where the server was busy (429, 502, 503, 504, 500) or the
 * network failed, as long as the time-out has not passed since the first try. An abort ends it at once, in the queue and
 * between two tries too.
 */
export function send(
  fetch: StoreFetch,
  { maxInFlight, maxTries = 4, baseDelay = 300, timeout = defaultTimeout, random = Math.random }: RetryOptions = {}
): StoreFetch {
  const places = new Places(maxInFlight);
  return async (request) => {
    let begun: number | undefined;
    const isLate = () => begun !== undefined && Date.now() - begun >= timeout;
    for (let attempt = 1; ; attempt++) {
      let wait = baseDelay * 2 ** (attempt - 1) * (0.5 + random() / 2);
      try {
        const response = await places.hold(request.signal, () => {
          begun ??= Date.now();
          return inTime(fetch, request, timeout);
        });
        if (!isTransient(response.status) || attempt >= maxTries || isLate()) {
          return response;
        }
        wait = askedWait(response) ?? wait;
      } catch (error) {
        if (request.signal.aborted) {
          throw cancelled();
        }
        // What broke off may go through, a server that is not there stays away: once more is enough.
        if (error instanceof StoreError || attempt >= Math.min(2, maxTries) || isLate()) {
          throw error instanceof StoreError ? error : networkError(error);
        }
      }
      await delay(wait, request.signal);
    }
  };
}

/** The answer to a request, which is aborted where nothing comes of it for the time-out. @throws StoreError then */
async function inTime(fetch: StoreFetch, request: StoreRequest, timeout: number): Promise<StoreResponse> {
  const abort = new AbortController();
  const begun = Date.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let leave = () => {};
  try {
    return await new Promise<StoreResponse>((resolve, reject) => {
      const end = (reason: StoreError) => {
        reject(reason);
        abort.abort();
      };
      leave = () => end(cancelled());
      request.signal.addEventListener('abort', leave, { once: true });
      const giveUp = () => end(timedOut(request.what ?? 'a request', Date.now() - begun));
      const wait = () => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, Math.min(timeout, begun + maxTimeouts * timeout - Date.now()));
      };
      wait();
      fetch({ ...request, signal: abort.signal, onBytes: wait }).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', leave);
  }
}

/** @param ms for how long was waited */
export const timedOut = (what: string, ms: number) =>
  new StoreError(
    `The bucket did not answer in time for ${what}: it was given up after ${Math.round(ms / 100) / 10} s. ` +
      'Raise "Time-out" in the data source settings if the bucket is only slow.',
    0,
    'time-out'
  );

/** The wait in ms that the server asks for, if it does: at most ten seconds. */
function askedWait({ headers }: StoreResponse): number | undefined {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? Math.min(seconds * 1000, 10_000) : undefined;
}

const isTransient = (status: number): boolean => status === 429 || status === 500 || (status >= 502 && status <= 504);

function networkError(error: unknown): StoreError {
  const words = error instanceof Error ? error.message : String(error);
  return new StoreError(
    `The connection failed or broke off before the whole answer had come (${words}). Try again; if it stays so, check ` +
      'that Grafana can be reached, and its [dataproxy] response_limit, which cuts larger answers off.',
    0,
    'network'
  );
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(cancelled());
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
