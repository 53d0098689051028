import { eventsOf, rampsOf } from '../captures/events';
import type { Capture } from '../captures/capture';
import { capturesTable } from '../views/captures';
import { eventLine } from '../views/event';
import { eventsTable } from '../views/events';
import { seriesTables } from '../views/series';
import { capturesFrame, eventLineFrame, eventsFrame } from './captureRows';
import { captureLink, metricsLinks } from './links';
import { seriesFrames } from './timeSeries';

const minute = 60_000;
const capture = (at: number, labels: Record<string, string> = {}, value = at): Capture => ({
  object: { key: `key-${at}`, size: 1, lastModified: 0, etag: '' },
  time: at * minute,
  labels: { service: 's', instance: 'a', event: `e${at}`, profile: 'heap', ...labels },
  value,
  limit: 100,
});
const captures = [1, 2, 3].map((at) => capture(at));
const link = captureLink({ uid: 'u', name: 'n' });
const options = { refId: 'A', notices: [], links: [link] };
const linked = ({ fields }: ReturnType<typeof capturesFrame>) =>
  fields.filter(({ config }) => config.links).map(({ name }) => name);
const field = ({ fields }: ReturnType<typeof capturesFrame>, name: string) => fields.find((one) => one.name === name);

describe('captures', () => {
  it('are marked where some are shown and others not', () => {
    const frame = capturesFrame(capturesTable(captures, new Set([captures[1]])), options);
    const [mark] = frame.fields;
    expect(mark.values).toEqual(['', '●', '']);
    expect(mark.config).toMatchObject({
      displayName: '●',
      description: 'The capture that is shown.',
      custom: { width: 36, cellOptions: { applyToRow: true } },
    });
    expect(mark.config.mappings).toHaveLength(2);
    expect(field(capturesFrame(capturesTable(captures, new Set(captures)), options), 'shown')).toBeUndefined();
    const [alone] = captures;
    expect(field(capturesFrame(capturesTable([alone], new Set([alone])), options), 'shown')?.values).toEqual(['●']);
  });

  it('open by their time and event; links to metrics have a hidden column with the query of each row', () => {
    const metrics = { uid: 'prom', queries: [{ name: 'Memory', query: 'm{pod="$instance", x="$version"}' }] };
    const context = { uid: 'u', name: 'n', type: 't', dashboardUid: '', canExplore: true, metrics };
    const rows = [capture(1, { version: 'v1' }), capture(2)];
    const frame = capturesFrame(capturesTable(rows), { ...options, metrics: metricsLinks(context, rows) });
    expect(linked(frame)).toEqual(['time', 'event']);
    const [, memory] = field(frame, 'event')?.config.links ?? [];
    expect(memory.internal?.range?.from.valueOf()).toBe(0);
    // A label that a row does not have stays as it is.
    expect(field(frame, 'metrics1')?.values).toEqual(['m{pod="a", x="$version"}', 'm{pod="a", x="v1"}']);
    expect(field(frame, 'metrics1')?.config.custom.hidden).toBe(true);
  });

  it('without a place to open them have no links, and nothing that links read', () => {
    const frame = capturesFrame(capturesTable(captures), { ...options, links: [] });
    expect(linked(frame)).toEqual([]);
    expect(field(frame, 'selector')).toBeUndefined();
  });
});

describe('events as rows', () => {
  const events = eventsOf(captures);

  it('are the newest first, with ramps by their last event and without what marks say', () => {
    const frame = eventsFrame(eventsTable(events, rampsOf(events)), options);
    expect(field(frame, 'mark')?.values).toEqual([
      'capture at 3 % of 0 MiB',
      'capture at 2 % of 0 MiB',
      'capture at 1 % of 0 MiB',
      'Memory ramp of a',
    ]);
    expect(field(frame, 'until')?.values).toEqual([null, null, null, 3 * minute]);
    expect(field(frame, 'event')?.values).toEqual(['e3', 'e2', 'e1', 'e3']);
    expect(linked(frame)).toEqual(['time', 'event']);
    const names = frame.fields.map(({ name }) => name);
    expect(names).not.toContain('lines');
    expect(names).not.toContain('tags');
    expect(names.at(-1)).toBe('selector');
  });

  it('have no column for ramps where there is none', () => {
    expect(field(eventsFrame(eventsTable(events, []), options), 'until')).toBeUndefined();
  });
});

describe('the chosen capture in one line', () => {
  it('opens that capture, and fits', () => {
    const frame = eventLineFrame(eventLine([captures[0]], 'Latest', 1500), options);
    expect(linked(frame)).toEqual(['time', 'event']);
    expect(field(frame, 'heap age')?.values).toEqual([1500]);
    expect(field(frame, 'heap age')?.config.description).toMatch(/last garbage collection/);
    expect(field(frame, 'shown')?.config.custom).toEqual({ minWidth: 180, wrapText: true });
    expect(field(frame, 'key')?.config.custom.hidden).toBe(true);
    expect(field(frame, 'selector')?.values).toEqual(['{service="s"}']);
  });

  it('says of merged ones what they have in common, and opens none', () => {
    const frame = eventLineFrame(eventLine([captures[0], capture(5, { instance: 'b' })], 'Merged'), options);
    expect(frame.fields.map(({ name, values }) => [name, values[0]])).toEqual([
      ['shown', 'Merged'],
      ['time', minute],
      ['until', 5 * minute],
      ['service', 's'],
    ]);
    expect(linked(frame)).toEqual([]);
  });
});

describe('series of values', () => {
  it('are one for each combination of labels, with a point for each event', () => {
    const all = [...captures, capture(1, { profile: 'cpu' }), capture(2, { instance: 'b' }, 7)];
    const frames = seriesFrames(seriesTables(all, ' instance ,'), { refId: 'A', notices: [] });
    expect(frames.map(({ name, fields }) => [name, fields[1].config.displayNameFromDS, fields[1].values])).toEqual([
      ['a', 'a', [1, 2, 3]],
      ['b', 'b', [7]],
    ]);
    expect(frames[0].fields[1].labels).toEqual({ instance: 'a' });
  });

  it('say why there are none', () => {
    const { value, limit, ...plain } = captures[0];
    const [frame] = seriesFrames(seriesTables([plain], ''), { refId: 'A', notices: [] });
    expect([frame.length, frame.meta?.notices?.[0].text]).toEqual([0, expect.stringContaining('no {value}')]);
    expect(seriesTables([], '')[0].notices).toEqual([]);
  });
});
