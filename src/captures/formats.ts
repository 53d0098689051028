import { isSameProcess, type Capture } from './capture';

/** The key without its extension, and all that the key says. */
export const formatlessKey = ({ object: { key }, time, labels }: Capture): string =>
  JSON.stringify([key.replace(/\.[^/]*$/, ''), time, labels]);

/** `.pb.gz`, `.txt.gz`, `.pprof`. */
const formatOf = ({ object: { key } }: Capture): string => /(\.[A-Za-z]\w*)?(\.(gz|zst))?$/.exec(key)?.[0] ?? '';

/**
 * goroutine.pb.gz and goroutine.txt.gz of one moment are the same goroutines twice. The one in the format of `like` stays,
 * so that what is compared with it is of one kind; else the last by name: the text, which has their states.
 */
export function oneFormatEach(captures: readonly Capture[], like?: Capture): readonly Capture[] {
  const isLike = (capture: Capture) => like !== undefined && formatOf(capture) === formatOf(like);
  const last = new Map<string, Capture>();
  for (const capture of captures) {
    const id = formatlessKey(capture);
    const other = last.get(id);
    const isBetter =
      !other || (isLike(capture) === isLike(other) ? capture.object.key > other.object.key : isLike(capture));
    if (isBetter) {
      last.set(id, capture);
    }
  }
  return last.size === captures.length
    ? captures
    : captures.filter((capture) => last.get(formatlessKey(capture)) === capture);
}

/** The captures of the process that one is of: of the same instance, version and profile, each in one format, its own. */
export const ofSameProcess = (captures: readonly Capture[], of: Capture): readonly Capture[] =>
  oneFormatEach(
    captures.filter((other) => isSameProcess(other, of) && other.labels.profile === of.labels.profile),
    of
  );
