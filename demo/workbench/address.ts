// The page's state lives in its address, so that a test or a link can open any of it. Links of the plugin are Grafana's:
// they are followed here.
import { dateMath, makeTimeRange, toUtc, type TimeRange } from '@grafana/data';
import { useCallback, useEffect, useState } from 'react';
import fleet from '../../src/dashboards/fleet.json';
import goroutines from '../../src/dashboards/goroutines.json';
import heap from '../../src/dashboards/heap.json';
import incident from '../../src/dashboards/incident.json';
import tenants from '../../src/dashboards/tenants.json';
import trace from '../../src/dashboards/trace.json';

export const dashboards: Record<string, any> = { incident, heap, tenants, goroutines, trace, fleet };

/** The address's parameters; of /d/… and /explore as Grafana has them. */
function read(href: string): URLSearchParams {
  const { pathname, searchParams } = new URL(href, location.origin);
  const [, kind, uid] = pathname.split('/');
  if (kind === 'd') {
    searchParams.set('tab', Object.keys(dashboards).find((name) => dashboards[name].uid === uid) ?? '');
  }
  if (kind === 'explore' && searchParams.has('panes')) {
    const [pane] = Object.values<any>(JSON.parse(searchParams.get('panes')!));
    return new URLSearchParams({ tab: 'explore', query: JSON.stringify(pane.queries[0]), ...pane.range });
  }
  return searchParams;
}

export type Change = (patch: Record<string, string>) => void;

export function useAddress(): [URLSearchParams, Change] {
  const [address, setAddress] = useState(() => read(location.href));
  const change = useCallback((patch: Record<string, string>) => {
    const next = new URLSearchParams(location.search);
    Object.entries(patch).forEach(([name, value]) => next.set(name, value));
    history.replaceState(null, '', `/?${next}`);
    setAddress(next);
  }, []);
  useEffect(() => {
    history.replaceState(null, '', `/?${address}`);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  useEffect(() => {
    const follow = (event: MouseEvent) => {
      const href = (event.target as Element).closest?.('a')?.getAttribute('href') ?? '';
      if (/^\/(d\/|explore\?)/.test(href)) {
        event.preventDefault();
        const next = read(href);
        const theme = new URLSearchParams(location.search).get('theme');
        theme && next.set('theme', theme);
        history.pushState(null, '', `/?${next}`);
        setAddress(next);
      }
    };
    const back = () => setAddress(read(location.href));
    document.addEventListener('click', follow);
    window.addEventListener('popstate', back);
    return () => {
      document.removeEventListener('click', follow);
      window.removeEventListener('popstate', back);
    };
  }, []);
  return [address, change];
}

/** `from` and `to` as Grafana writes them: now-1h, or milliseconds. */
export function rangeOf(address: URLSearchParams): TimeRange {
  const [from, to] = [address.get('from') ?? 'now-1h', address.get('to') ?? 'now'];
  const isTime = (text: string) => /^\d+$/.test(text);
  const time = (text: string, roundUp: boolean) =>
    isTime(text) ? toUtc(Number(text)) : dateMath.toDateTime(text, { roundUp })!;
  const range = makeTimeRange(time(from, false), time(to, true));
  return { ...range, raw: { from: isTime(from) ? range.from : from, to: isTime(to) ? range.to : to } };
}
