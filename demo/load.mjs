// Load for demo/service: work of several tenants, of which it is told to keep so much that its memory climbs.
//   node demo/load.mjs SERVICE_URL DEBUG_URL [SECONDS]     climbs again and again, which takes so long each time
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** Share of the load, and of the leak, of each tenant. */
export const tenants = { acme: 10, globex: 5, initech: 3, umbrella: 2, hooli: 1 };

export async function get(address, init) {
  const response = await fetch(address, init);
  if (!response.ok) {
    throw new Error(`${address}: ${response.status} ${await response.text()}`);
  }
  return Buffer.from(await response.arrayBuffer());
}

export function weighted(weights) {
  let at = Math.random() * Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return Object.keys(weights).find((name) => (at -= weights[name]) < 0);
}

/**
 * What the auto-profiler compares: the larger of its signals, and the limit; of a service without one, what Go holds of the
 * system, and GOMEMLIMIT.
 */
export async function watched(debugUrl) {
  const text = (await get(`${debugUrl}/metrics`)).toString();
  const metric = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  const signals = Array.from(text.matchAll(/^autoprofiler_memory_bytes\{.*\} (\S+)$/gm), ([, bytes]) => Number(bytes));
  if (signals.length > 0) {
    return { bytes: Math.max(...signals), limit: metric('autoprofiler_memory_limit_bytes'), isProfiled: true };
  }
  const bytes = metric('go_memstats_sys_bytes') - metric('go_memstats_heap_released_bytes');
  return { bytes, limit: metric('go_gc_gomemlimit_bytes'), isProfiled: false };
}

/** Loads a service until it is told to stop. Its memory climbs to a share of its limit, and stays there. */
export async function climb({ url, debugUrl, seconds, share = 0.91 }, state = { stopped: false }) {
  const start = Date.now();
  const first = await watched(debugUrl);
  let isBelow = false;
  const watch = async () => {
    while (!state.stopped) {
      const passed = Math.min(1, (Date.now() - start) / 1000 / seconds);
      const { bytes, limit } = await watched(debugUrl);
      isBelow = bytes < first.bytes + passed * (share * limit - first.bytes);
      await sleep(100);
    }
  };
  const work = async () => {
    while (!state.stopped) {
      const operation = weighted({ ingest: 3, compact: 1 });
      const size = operation === 'ingest' ? 400 : 4;
      const keep = isBelow && operation === 'ingest';
      isBelow &&= !keep; // One job between two looks, so that it climbs and does not jump.
      await get(`${url}/work?tenant=${weighted(tenants)}&operation=${operation}&size=${size}&keep=${keep}`);
      await sleep(30);
    }
  };
  // What later captures are compared with.
  const captureStart = async () => {
    await sleep(4000);
    first.isProfiled && (await get(`${debugUrl}/capture?reason=start`, { method: 'POST' }));
  };
  await Promise.all([watch(), work(), work(), work(), captureStart()]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [url, debugUrl, seconds = 600] = process.argv.slice(2);
  for (;;) {
    const state = { stopped: false };
    const timer = setTimeout(() => (state.stopped = true), 1.2 * seconds * 1000);
    // The service may not be up yet, or have just run out of memory.
    await climb({ url, debugUrl, seconds: Number(seconds), share: 1.1 }, state).catch(() => sleep(3000));
    clearTimeout(timer);
    state.stopped = true;
  }
}
