import { SharedTasks } from '../tasks/shared';
import { after, compareKeys, endOfPrefix, isBefore } from './keyOrder';
import type { ListSpan, ObjectInfo, Store } from './store';

/** Most objects that are held. */
const maxUnordered = 200_000;

/**
 * Listings of a server that has an order of its own: what lies between two keys is not known before all below their prefix is
 * listed. So that is listed once for all who ask for the same prefix, and serves one refresh of a dashboard.
 */
export class UnorderedListings {
  private readonly tasks = new SharedTasks<readonly ObjectInfo[]>();
  private readonly known = new Map<string, { readonly at: number; readonly objects: readonly ObjectInfo[] }>();
  private count = 0;

  constructor(
    private readonly store: Store,
    private readonly now: () => number,
    private readonly recent: number
  ) {}

  async *list(
    { prefix, startAfter, until, maxAge = this.recent }: ListSpan,
    signal: AbortSignal
  ): AsyncGenerator<readonly ObjectInfo[]> {
    const known = this.known.get(prefix);
    const isYoung = known && known.at >= this.now() - maxAge;
    const objects = isYoung
      ? known.objects
      : await this.tasks.run(prefix, signal, (shared) => this.listAll(prefix, shared));
    const from = startAfter === undefined ? '' : after(startAfter);
    const end = until === undefined ? undefined : endOfPrefix(until);
    yield objects.filter(({ key }) => compareKeys(key, from) >= 0 && isBefore(key, end));
  }

  private async listAll(prefix: string, signal: AbortSignal): Promise<readonly ObjectInfo[]> {
    const at = this.now();
    const objects: ObjectInfo[] = [];
    for await (const page of this.store.list({ prefix }, signal)) {
      for (const object of page) {
        objects.push(object);
      }
    }
    this.forget(prefix);
    this.known.set(prefix, { at, objects });
    this.count += objects.length;
    while (this.count > maxUnordered) {
      this.forget(this.known.keys().next().value ?? prefix);
    }
    return objects;
  }

  private forget(prefix: string): void {
    this.count -= this.known.get(prefix)?.objects.length ?? 0;
    this.known.delete(prefix);
  }
}
