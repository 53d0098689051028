/**
 * A computation that is done once for each object: the panels of a dashboard ask about one trace at the same
 * time. What was found is there as long as the object.
 */
export function remembered<K extends object, T>(compute: (of: K) => T): (of: K) => T {
  const known = new WeakMap<K, { readonly value: T }>();
  return (of) => {
    let found = known.get(of);
    if (!found) {
      known.set(of, (found = { value: compute(of) }));
    }
    return found.value;
  };
}
