import { hasDots } from '../store/dots';
import { decodeField } from './field';
import type { Layout } from './layout';
import { maxAges } from '../store/remembered';
import type { Store } from '../store/store';

/** Names of the services there are, which are folders; undefined where the layout has no folders of them alone. @throws StoreError */
export async function findServices(
  store: Store,
  { plan }: Layout,
  prefix: string,
  signal: AbortSignal,
  maxAge = maxAges.settled
): Promise<readonly string[] | undefined> {
  const dims = plan?.dims ?? [];
  const at = dims.findIndex((dim) => 'label' in dim && dim.label === 'service');
  const next = dims[at + 1];
  const before = dims.slice(0, at).map((dim) => ('text' in dim ? dim.text : undefined));
  if (at < 0 || !next || !('text' in next) || next.text !== '/' || before.includes(undefined)) {
    return undefined;
  }
  const folder = prefix + before.join('');
  const names = (await store.folders(folder, signal, maxAge))
    .filter((name) => !hasDots(name))
    .map((name) => decodeField(name.slice(folder.length, -1)));
  // One may have two folders, of two writers.
  return [...new Set(names)].sort();
}
