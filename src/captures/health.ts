import { findCaptures } from './plan';
import type { ObjectInfo } from '../store/store';
import type { Bucket } from './bucket';
import { suggestPreset } from './suggest';
import { counted } from '../text/notice';
import { clockTolerance, spanText } from '../text/time';

export interface Health {
  readonly status: 'success' | 'error';
  readonly message: string;
}

const week = 7 * 24 * 3600_000;

/**
 * What Save & test says: what the bucket holds, or exactly what is wrong.
 * @param now Unix ms
 */
export async function checkHealth(
  { store, layout, prefix }: Bucket,
  now: number,
  signal: AbortSignal
): Promise<Health> {
  try {
    const range = { from: now - week, to: now + 3600_000 };
    const found = await findCaptures(
      store,
      layout,
      { prefix, ...range, labels: {}, maxObjects: 20_000, maxAge: 0 },
      signal
    );
    if (found.captures.length > 0) {
      const services = new Set(found.captures.map(({ labels }) => labels.service).filter(Boolean));
      const newest = found.captures[found.captures.length - 1].time;
      const of = services.size > 0 ? ` of ${counted(services.size, 'service')}` : '';
      const more = found.truncated ? 'More than ' : '';
      return {
        status: 'success',
        message: `${more}${counted(found.captures.length, 'capture')}${of} in the last 7 days, newest ${ago(now - newest)}.`,
      };
    }
    const sample = await firstObjects({ store, prefix }, signal);
    if (sample.length === 0) {
      return {
        status: 'error',
        message: `The bucket answers but has no object${prefix ? ` below the prefix "${prefix}"` : ''}.`,
      };
    }
    const parsed = sample.filter(({ key }) => layout.parse(key.slice(prefix.length)));
    if (parsed.length === 0) {
      const examples = sample.slice(0, 3).map(({ key }) => key);
      const refusal = sample.flatMap(({ key }) => layout.refusal?.(key.slice(prefix.length)) ?? [])[0];
      if (refusal) {
        return {
          status: 'error',
          message: `The key layout reads 0 of ${counted(sample.length, 'key')}, e.g. ${examples[0]}: ${refusal}.`,
        };
      }
      const suggested = suggestPreset(
        sample.map(({ key }) => key),
        prefix
      );
      const better = suggested
        ? `The layout "${suggested.preset.label}" reads ${suggested.count} of them.`
        : 'Choose another layout, or write one.';
      return {
        status: 'error',
        message:
          `The key layout matches 0 of ${counted(sample.length, 'key')}. Layout: ${layout.template}. ` +
          `Keys: ${examples.join(', ')}. ${better}`,
      };
    }
    return {
      status: 'success',
      message: `The bucket answers and the key layout matches, but there is no capture of the last 7 days (e.g. ${parsed[0].key}).`,
    };
  } catch (error) {
    return { status: 'error', message: error instanceof Error ? error.message : String(error) };
  }
}

/** The first keys of a bucket, as they are now, for the check and for the preview in the settings. */
export async function firstObjects(
  { store, prefix }: Pick<Bucket, 'store' | 'prefix'>,
  signal: AbortSignal,
  count = 20
): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const page of store.list({ prefix, maxAge: 0 }, signal)) {
    page.filter(({ key }) => !key.endsWith('/')).forEach((object) => objects.push(object));
    if (objects.length >= count) {
      break;
    }
  }
  return objects.slice(0, count);
}

function ago(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (ms < -clockTolerance) {
    return `${spanText(ms)} in the future: a clock is wrong, or the times in keys are not UTC`;
  }
  if (minutes < 1) {
    return 'just now';
  }
  return minutes < 120
    ? `${minutes} min ago`
    : minutes < 2880
      ? `${Math.round(minutes / 60)} h ago`
      : `${Math.round(minutes / 1440)} days ago`;
}
