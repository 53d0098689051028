import type { ViewInfo } from '../views/view';

/**
 * The module of a query's view, from a table of views. Its computation takes the query as it is: the parser made it of the fields
 * that the module names, which TypeScript cannot follow through a search by name.
 */
export function viewOf<V extends Pick<ViewInfo, 'opens' | 'name'>, O extends V['opens']>(
  views: readonly V[],
  opens: O,
  { view }: { readonly view: string }
): Extract<V, { readonly opens: O }> {
  const isIt = (one: V): one is Extract<V, { readonly opens: O }> => one.opens === opens && one.name === view;
  const found = views.find(isIt);
  if (!found) {
    throw new Error(`The table of views has no ${view} that opens ${opens}.`);
  }
  return found;
}
