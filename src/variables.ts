import type { Bucket } from './bucket';
import { isKeyLabel, listCaptures, type Range } from './captures';
import type { Capture } from './store/store';
import type { WorkerClient } from './worker/client';

export interface Facts {
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly sampleTypes: readonly string[];
}

/** Profiles opened to learn what labels samples have: the newest of each kind and service. */
const maxOpened = 6;

/**
 * Label values and sample types of the captures that match a selector. Key labels come from the listing alone; profiles
 * are opened only for what keys do not say. `label`: the one that is asked for.
 */
export async function findValues(
  bucket: Bucket,
  worker: WorkerClient,
  selector: string,
  range: Range,
  label?: string
): Promise<Facts> {
  const { signal } = new AbortController();
  const { captures } = await listCaptures(bucket, selector, range, signal);
  const labels = new Map<string, Set<string>>();
  for (const capture of captures) {
    for (const [name, value] of Object.entries(capture.labels)) {
      labels.set(name, (labels.get(name) ?? new Set()).add(value));
    }
  }
  const sampleTypes = new Set<string>();
  if (label === undefined || !isKeyLabel(bucket.layout)(label)) {
    for (const { object } of newestOfEach(captures)) {
      try {
        const load = () => bucket.store.get(object.key, signal);
        const facts = await worker.facts([`${object.key}\0${object.etag}`], load, signal);
        facts.sampleTypes.forEach((type) => sampleTypes.add(type));
        for (const [name, values] of Object.entries(facts.labels)) {
          const known = labels.get(name) ?? new Set();
          values.forEach((value) => known.add(value));
          labels.set(name, known);
        }
      } catch {
        // A broken capture has no values to offer; the panel that opens it says what is wrong with it.
      }
    }
  }
  return {
    labels: Object.fromEntries([...labels].map(([name, values]) => [name, [...values].sort()])),
    sampleTypes: [...sampleTypes],
  };
}

function newestOfEach(captures: readonly Capture[]): Capture[] {
  const newest = new Map<string, Capture>();
  for (const capture of captures) {
    newest.set(`${capture.labels.service} ${capture.labels.profile}`, capture);
  }
  // CPU and goroutine profiles are those with labels.
  const rank = ({ labels }: Capture) => (/cpu|profile|goroutine/.test(labels.profile ?? '') ? 0 : 1);
  return [...newest.values()].sort((a, b) => rank(a) - rank(b)).slice(0, maxOpened);
}
