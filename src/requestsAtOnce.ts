import { config } from '@grafana/runtime';

/** A browser has so many connections to a server that speaks HTTP/1; Grafana's own requests take turns with ours. */
const overConnections = 6;
/** One connection of HTTP/2 carries a hundred and more. What is more than these gains nothing: workers decode no faster. */
const overStreams = 16;

/** Requests through Grafana's proxy that may be under way at once, by the protocol that the browser speaks with Grafana. */
export function requestsAtOnce(): number {
  const { origin } = globalThis.location;
  const entries = [
    ...(performance.getEntriesByType?.('navigation') ?? []),
    ...(performance.getEntriesByType?.('resource') ?? []),
  ] as PerformanceResourceTiming[];
  // An entry of what came from a cache says nothing.
  const known = entries.find(
    ({ name, nextHopProtocol }) => nextHopProtocol && new URL(name, origin + config.appSubUrl).origin === origin
  );
  return known && /^h[23]/.test(known.nextHopProtocol) ? overStreams : overConnections;
}
