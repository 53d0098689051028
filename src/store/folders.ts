import type { Store } from './store';

/** How long folders that were found are taken as they are: services come and go more slowly than dashboards ask. */
const lifetime = 60_000;

/**
 * A store that remembers the folders it found: a dashboard's variables, annotations and panels all ask which services
 * there are.
 */
export function withFolderCache(store: Store, now: () => number = Date.now): Store {
  const known = new Map<string, { readonly until: number; readonly found: Promise<readonly string[]> }>();
  return {
    ...store,
    async folders(prefix, signal) {
      const before = known.get(prefix);
      if (before && before.until > now()) {
        try {
          return await before.found;
        } catch {
          signal.throwIfAborted(); // Another query's request, which may only have been cancelled.
        }
      }
      const found = store.folders(prefix, signal);
      known.set(prefix, { until: now() + lifetime, found });
      found.catch(() => known.delete(prefix));
      return found;
    },
  };
}
