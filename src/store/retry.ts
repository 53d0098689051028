import { Places } from './concurrency';
import { cancelled, StoreError, type RetryOptions, type StoreFetch, type StoreResponse } from './store';

/**
 * A fetch that waits for a free place, and tries again where the server was busy (429, 502, 503, 504, 500) or the
 * network failed. An abort ends it at once, in the queue and between two tries too.
 */
export function send(
  fetch: StoreFetch,
  { maxInFlight, maxTries = 4, baseDelay = 300, random = Math.random }: RetryOptions = {}
): StoreFetch {
  const places = new Places(maxInFlight);
  return async (request) => {
    for (let attempt = 1; ; attempt++) {
      let wait = baseDelay * 2 ** (attempt - 1) * (0.5 + random() / 2);
      try {
        const response = await places.hold(request.signal, () => fetch(request));
        if (!isTransient(response.status) || attempt >= maxTries) {
          return response;
        }
        wait = askedWait(response) ?? wait;
      } catch (error) {
        if (request.signal.aborted) {
          throw cancelled();
        }
        // A redirect that a browser does not follow looks like a network that failed: once more is enough.
        if (error instanceof StoreError || attempt >= Math.min(2, maxTries)) {
          throw error instanceof StoreError ? error : networkError(error);
        }
      }
      await delay(wait, request.signal);
    }
  };
}

/** The wait in ms that the server asks for, if it does: at most ten seconds. */
function askedWait({ headers }: StoreResponse): number | undefined {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? Math.min(seconds * 1000, 10_000) : undefined;
}

const isTransient = (status: number): boolean => status === 429 || status === 500 || (status >= 502 && status <= 504);

function networkError(error: unknown): StoreError {
  const words = error instanceof Error ? error.message : String(error);
  return new StoreError(
    `No answer came from the bucket (${words}). Either Grafana cannot be reached, or the bucket answered with a redirect ` +
      'to another address, which a browser does not follow: check the region and host in the bucket URL.',
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
