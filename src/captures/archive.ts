import type { Matcher } from '../text/selector';
import type { Capture } from './capture';

/** Whether a key is that of an archive by its name: an object that holds several profiles, of which a query opens one. */
export const isArchiveKey = (key: string): boolean => /\.(zip|tgz|tar(\.(gz|zst))?)$/i.test(key);

/** Whether there are archives among captures. */
export const hasArchives = (captures: readonly Capture[]): boolean =>
  captures.some(({ object }) => isArchiveKey(object.key));

/**
 * The captures, of which each archive stands for the member that these matchers ask for.
 * @param matchers of key labels
 */
export async function withMembers(
  captures: readonly Capture[],
  matchers: readonly Matcher[]
): Promise<readonly Capture[]> {
  if (!hasArchives(captures)) {
    return captures;
  }
  // Few buckets have archives.
  const { asMember } = await import(/* webpackChunkName: "archives" */ './asMember');
  return captures.map((capture) => (isArchiveKey(capture.object.key) ? asMember(capture, matchers) : capture));
}
