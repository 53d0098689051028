import type { APIRequestContext } from '@playwright/test';

/** How often the demo's bucket was asked, by what was asked. */
export interface Counts {
  readonly lists: Record<string, number>;
  readonly gets: Record<string, number>;
}

/** What the bucket was asked while something was done. @param storeUrl of the demo's store */
export async function requestsOf(
  request: APIRequestContext,
  storeUrl: string,
  act: () => Promise<unknown>
): Promise<Counts> {
  const stats = async (): Promise<Counts> => (await request.get(`${storeUrl}/_stats`)).json();
  const before = await stats();
  await act();
  const after = await stats();
  const since = (a: Record<string, number>, b: Record<string, number>) =>
    Object.fromEntries(
      Object.entries(b)
        .map(([what, count]) => [what, count - (a[what] ?? 0)] as const)
        .filter(([, count]) => count > 0)
    );
  return { lists: since(before.lists, after.lists), gets: since(before.gets, after.gets) };
}

export const total = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Objects that were read more than once. */
export const readAgain = ({ gets }: Counts): string[] => Object.keys(gets).filter((key) => gets[key] > 1);
