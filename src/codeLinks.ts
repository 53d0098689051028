import type { DataFrame } from '@grafana/data';
import type { Bucket } from './captures/bucket';
import { readBundle } from './captures/bundle';
import { withSource } from './frames/source';
import { sourceLinks, type SourceSettings } from './query/sourceLinks';
import type { Capture } from './captures/capture';
import type { Table } from './views/table';
import type { Notice } from './text/notice';

/** Adds links to the frame of a table. */
export interface CodeLinks {
  link(frame: DataFrame, table: Table): DataFrame;
  readonly notices: readonly Notice[];
}

/**
 * Links to the code of the version that the newest of these captures is of. What stands in their way is a notice: what
 * there is to show is shown without them.
 */
export async function openCodeLinks(
  bucket: Bucket,
  settings: SourceSettings,
  captures: readonly Capture[],
  signal: AbortSignal
): Promise<CodeLinks> {
  const newest = captures[captures.length - 1];
  const { labels } = newest;
  // Without a release that the settings say, the capture's own is asked for.
  const goVersion = settings.goVersion === '' ? await goVersionOf(bucket, newest, signal) : '';
  try {
    const resolve = sourceLinks(settings, { labels, goVersion });
    const addressOf = ({ file, line }: { file: string; line: number }) => {
      const link = resolve(file, line);
      return 'url' in link ? link.url : '';
    };
    const versions = new Set(captures.map((capture) => capture.labels.version ?? ''));
    const text = `Links lead to the code of ${labels.version || 'the newest capture'}, the newest of ${versions.size} versions.`;
    return {
      link: (frame, table) => withSource(frame, table, addressOf),
      notices: versions.size > 1 ? [{ severity: 'info', text }] : [],
    };
  } catch (error) {
    const text = `There are no links to code: ${(error as Error).message} (Source in the data source settings)`;
    return { link: (frame) => frame, notices: [{ severity: 'warning', text }] };
  }
}

/** Versions of Go by the folder of a capture; a data source that is saved anew has another bucket. */
const known = new WeakMap<Bucket, Map<string, string>>();
/** Folders that are remembered. */
const maxFolders = 500;

/** What the meta.json beside a capture says; '' where there is none, or the capture is of no event and so has none. */
async function goVersionOf(bucket: Bucket, capture: Capture, signal: AbortSignal): Promise<string> {
  const { key } = capture.object;
  if (!capture.labels.event) {
    return '';
  }
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const versions = known.get(bucket) ?? new Map<string, string>();
  known.set(bucket, versions);
  let version = versions.get(folder);
  if (version === undefined) {
    try {
      // Listed before it is read: a request for what is not there would be an error in the browser's console.
      version = (await readBundle(bucket, capture, signal)).meta?.goVersion ?? '';
    } catch {
      version = '';
    }
    if (!signal.aborted && versions.size < maxFolders) {
      versions.set(folder, version);
    }
  }
  return version;
}
