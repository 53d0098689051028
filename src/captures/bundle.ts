import type { Bucket } from './bucket';
import { readMeta, type CaptureMeta } from './meta';
import { maxAges } from '../store/remembered';
import type { ObjectInfo } from '../store/store';
import type { Capture } from './capture';
import type { Notice } from '../text/notice';

/** What the writer of a capture said about the process, and what is to be said about the files beside it. */
export interface Bundle {
  readonly meta: CaptureMeta | undefined;
  readonly notices: readonly Notice[];
}

/** A bundle has a handful of files; a folder that holds more is not one. */
const maxFiles = 1000;

/**
 * The meta.json beside a capture. One that is missing or broken is a notice: what else there is of the event is still good.
 * So are files that meta.json announces and that are not there, since a bundle is uploaded file by file.
 * @param listed what a listing of the range has: where it has the meta.json, nothing is listed again
 * @throws StoreError where the bucket does not answer
 */
export async function readBundle(
  { store }: Bucket,
  capture: Capture,
  signal: AbortSignal,
  listed: readonly Capture[] = []
): Promise<Bundle> {
  const { key } = capture.object;
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const objects: ObjectInfo[] = listed.map(({ object }) => object).filter((object) => object.key.startsWith(folder));
  if (!objects.some((object) => object.key === `${folder}meta.json`)) {
    objects.length = 0;
    for await (const page of store.list({ prefix: folder, maxAge: maxAges.settled }, signal)) {
      page.forEach((object) => objects.push(object));
      if (objects.length >= maxFiles) {
        break;
      }
    }
  }
  const warn = (text: string): Bundle => ({ meta: undefined, notices: [{ severity: 'warning', text }] });
  const found = objects.find((object) => object.key === `${folder}meta.json`);
  if (!found) {
    return warn(
      `There is no ${folder}meta.json: it has not been uploaded yet, or the capture is not of the auto-profiler.`
    );
  }
  let meta: CaptureMeta;
  try {
    meta = readMeta(new Uint8Array(await store.get(found.key, signal, found.etag)));
  } catch (error) {
    signal.throwIfAborted();
    return warn(`${found.key}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const there = new Set(objects.map((object) => object.key.slice(folder.length)));
  const missing = meta.files.filter((name) => !there.has(name));
  return {
    meta,
    notices:
      missing.length === 0
        ? []
        : [
            {
              severity: 'warning',
              text: `${missing.length} of ${meta.files.length} files of this event are not there: ${missing.join(', ')}. They are still being uploaded, or the process died before.`,
            },
          ],
  };
}
