import { StoreError } from './store';

/**
 * Whether a path has a segment `.` or `..`, as it is or percent-encoded, once or many times over: on its way to the bucket a
 * browser, Grafana or a gateway may decode and resolve it. With a path-style bucket URL, `..` is then another bucket, which
 * the same credentials may read.
 */
export function hasDots(path: string): boolean {
  let text = path;
  for (;;) {
    if (text.split(/[/\\]/).some((segment) => segment === '.' || segment === '..')) {
      return true;
    }
    const decoded = text.replace(/%(2e|2f|5c|25)/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    if (decoded === text) {
      return false;
    }
    text = decoded;
  }
}

/** @param what the key or the prefix, for the message @throws StoreError for a path with dots */
export function refuseDots(path: string, what: string): void {
  if (hasDots(path)) {
    throw new StoreError(
      `The ${what} "${path}" has a folder "." or "..", as it is or as %2e: on the way to the bucket that may ` +
        'become the folder above, which is another bucket, so it is not requested. Copy the object to a key without it.',
      0,
      'refused'
    );
  }
}
