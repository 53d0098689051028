import '../../text/re2';
import { decode } from '../../decode/decode';
import { quoteMeta } from '../../text/literals';
import type { Profile } from '../../profile/profile';
import { parseQuery, type RunQuery, type StoredQuery } from '../../query/query';
import { labelValues, run } from '../../query/run';
import { printSelector } from '../../text/selector';
import { textColumn, textsOf } from '../../views/table';
import { nodeGunzip } from '../gunzip';
import { median, round } from './median';

/**
 * What a changed query costs while its profile is cached, as a share of the first query (unpack, decode, flame graph).
 * Names and values that queries ask for are the profile's own.
 */
export async function benchQueries(bytes: Uint8Array): Promise<object> {
  const first = await median(
    async () => run(parseQuery({ view: 'flame' }), { profile: await decode(bytes, { unpack: nodeGunzip }) }),
    5
  );
  const profile = await decode(bytes, { unpack: nodeGunzip });
  const changed: Record<string, number> = {};
  for (const [name, query] of Object.entries(changedQueries(profile))) {
    changed[name] = round(await median(() => run(parseQuery(query) as RunQuery, { profile })));
  }
  const times = Object.values(changed).sort((a, b) => a - b);
  const medianMs = times[times.length >> 1];
  return {
    state: 'warm; firstMs decodes anew',
    samples: profile.sample.length,
    firstMs: round(first),
    changedMs: changed,
    medianMs,
    ratio: { first: round(first / medianMs), slowest: round(first / times[times.length - 1]) },
  };
}

function changedQueries(profile: Profile): Record<string, Partial<StoredQuery>> {
  const { labels, sampleTypes } = labelValues([profile]);
  const [top] = run(parseQuery({ view: 'top' }), { profile });
  const names = textsOf(textColumn(top, 'function'));
  const name = (rank: number) => names[Math.min(rank, top.length - 1)] ?? '';
  const literal = (rank: number) => quoteMeta(name(rank));
  const [key] = Object.keys(labels);
  return {
    ...(key && {
      tenant: { selector: printSelector([{ name: key, op: '=', value: labels[key][0] }]) },
      tenants: { selector: printSelector([{ name: key, op: '!=', value: labels[key][0] }]) },
      tagroot: { tagRoot: key },
      tags: { view: 'tags' },
    }),
    sampleType: { sampleIndex: sampleTypes[0] },
    focus: { focus: literal(3) },
    ignore: { ignore: `${literal(5)}|${literal(8)}` },
    hide: { hideNodes: `${literal(2)}|${literal(9)}` },
    showFrom: { showFrom: literal(4) },
    lines: { granularity: 'lines' },
    top: { view: 'top' },
    callers: { view: 'callers' },
    sandwich: { view: 'sandwich', peek: literal(1) },
    peek: { view: 'peek', peek: literal(1) },
    tree: { view: 'tree' },
    graph: { view: 'graph' },
    traces: { view: 'traces' },
  };
}
