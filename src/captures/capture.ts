import type { ObjectInfo } from '../store/store';

/** One profile in the bucket: a listed object whose key the layout could read. */
export interface Capture {
  readonly object: ObjectInfo;
  /** Unix ms, from the key; from the listing where the layout has no time. */
  readonly time: number;
  /** Key labels: service, profile, instance, version, event, trigger and every other {name} of the layout. */
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes at capture and the limit then, where the key has them. */
  readonly value?: number;
  readonly limit?: number;
  /** Of an archive which member is meant, as a selector of `profile` and `member`. Undefined for an object that is one profile. */
  readonly member?: string;
}

/** The labels of a process. A restart keeps them. */
export const isSameProcess = (a: Capture, b: Capture): boolean =>
  ['service', 'instance', 'version'].every((name) => a.labels[name] === b.labels[name]);

/** The same for what is of the same process. */
export const processId = ({ labels: { service, instance, version } }: Pick<Capture, 'labels'>): string =>
  JSON.stringify([service, instance, version]);

/** The same for what is of the same instance, whatever its version. */
export const instanceId = ({ labels: { service = '', instance = '' } }: Pick<Capture, 'labels'>): string =>
  JSON.stringify([service, instance]);

/** By how much a capture was stored before it was made, in ms. */
export const lead = ({ time, object }: Capture): number => (object.lastModified > 0 ? time - object.lastModified : 0);

/** One line about a capture: time, instance, memory against its limit, trigger. */
export function describe({ time, labels, value, limit }: Capture): string {
  const parts = [new Date(time).toISOString().replace('T', ' ').slice(0, 19) + ' UTC'];
  if (labels.instance) {
    parts.push(labels.instance);
  }
  if (value && limit) {
    parts.push(`at ${Math.round((100 * value) / limit)} % of ${(limit / 1048576).toFixed(0)} MiB`);
  }
  if (labels.trigger) {
    parts.push(`trigger ${labels.trigger}`);
  }
  return parts.join(', ');
}
