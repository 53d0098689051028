import { DataTopic } from '@grafana/data';
import { eventsOf, mainCapture, rampsOf } from '../captures/events';
import type { Capture } from '../captures/capture';
import { eventsTable } from '../views/events';
import { exemplarsTable } from '../views/exemplars';
import { annotationFrame } from './annotations';
import { eventLinks, exemplarLinks, type LinkedEvent } from './eventLinks';
import { exemplarFrame } from './exemplars';
import type { LinkContext } from './links';

const MiB = 1048576;
const context: LinkContext = { uid: 'u"1', name: 'n', type: 't', dashboardUid: 'dash', canExplore: true };

function capture(at: number, percent: number | undefined, labels: Record<string, string> = {}): Capture {
  const all = {
    service: 's',
    instance: 'a',
    trigger: 'heap-ratio',
    event: `e${at}`,
    version: 'v1',
    profile: 'heap',
    ...labels,
  };
  return {
    object: { key: `key-${at}-${all.profile}`, size: 1, lastModified: 0, etag: '' },
    time: at * 60_000,
    labels: all,
    ...(percent !== undefined && { value: percent * MiB, limit: 100 * MiB }),
  };
}

/** The only event of these captures. */
function linked(captures: readonly Capture[]): LinkedEvent {
  const [{ captures: files, ...event }] = eventsOf(captures);
  return { ...event, key: mainCapture(files)?.object.key ?? '' };
}

const rowsOf = (frame: ReturnType<typeof annotationFrame>) =>
  Array.from({ length: frame.length }, (_, i) =>
    Object.fromEntries(frame.fields.map(({ name, values }) => [name, values[i]]))
  );
const annotations = (captures: readonly Capture[], links = eventLinks(context)) => {
  const events = eventsOf(captures);
  return annotationFrame(eventsTable(events, rampsOf(events)), { refId: 'A', notices: [], links });
};

describe('annotations', () => {
  test('one mark an event, however many files it has', () => {
    const frame = annotations([
      capture(1, 80, { profile: 'goroutine' }),
      capture(1, 80),
      capture(2, 85, { instance: 'b' }),
    ]);
    const rows = rowsOf(frame);
    expect(rows.map(({ title }) => title)).toEqual(['heap-ratio at 80 % of 100 MiB', 'heap-ratio at 85 % of 100 MiB']);
    expect(rows[0].text).toContain('Captured: goroutine, heap');
    expect(rows[0].tags).toEqual(['heap-ratio', 's', 'a', 'v1']);
    expect(frame.meta?.dataTopic).toBe(DataTopic.Annotations);
  });

  test('a ramp is a region; a fall, another process or two captures are none', () => {
    const captures = [
      ...[1, 2, 3].map((at) => capture(at, 50 + at)),
      capture(4, 20),
      capture(5, 30),
      ...[6, 7].map((at) => capture(at, at, { instance: 'b' })),
    ];
    const regions = rowsOf(annotations(captures)).filter(({ isRegion }) => isRegion);
    expect(regions).toEqual([expect.objectContaining({ time: 60_000, timeEnd: 180_000, title: 'Memory ramp of a' })]);
    expect(regions[0].text).toMatch(/^51 % of 100 MiB to 53 % of 100 MiB\. Last capture: <a /);
  });

  test('a ramp leads to its last capture, and its tags are those of its process', () => {
    const captures = [1, 2, 3].map((at) => capture(at, 50 + at, { trigger: '' }));
    const ramp = rowsOf(annotations(captures)).find(({ isRegion }) => isRegion);
    expect(ramp?.tags).toEqual(['ramp', 's', 'a', 'v1']);
    expect(ramp?.text).toContain('var-event=e3');
    expect(ramp?.text).toContain('key-3-heap');
  });

  test('rows have the same fields, ids that offer no deletion, and lists of tags', () => {
    for (const row of rowsOf(annotations([capture(1, 80), capture(2, undefined, { version: '' })]))) {
      expect(Object.keys(row)).toEqual(['time', 'timeEnd', 'isRegion', 'title', 'text', 'tags', 'id']);
      expect(row.id).toBe(0);
      expect(Array.isArray(row.tags)).toBe(true);
    }
  });

  test('what comes from keys is no HTML and no attribute', () => {
    const hostile = '<script>alert(1)</script>" onmouseover="x';
    const labels = {
      service: hostile,
      instance: hostile,
      trigger: hostile,
      event: hostile,
      profile: hostile,
      version: hostile,
    };
    const [row] = rowsOf(annotations([capture(1, 80, labels)]));
    for (const html of [row.title, row.text]) {
      const element = document.createElement('div');
      element.innerHTML = String(html);
      expect(element.querySelector('script')).toBeNull();
      expect(
        [...element.querySelectorAll('*')].flatMap((e) => e.getAttributeNames()).filter((name) => name !== 'href')
      ).toEqual([]);
    }
  });

  test('marks have the colour that the table says, and none where it says none', () => {
    const colored = (color: string) => {
      const table = eventsTable([], []);
      const values: Record<string, readonly unknown[]> = {
        time: [5],
        mark: ['GC'],
        lines: [''],
        tags: ['GC'],
        color: [color],
      };
      const columns = ['time', 'mark', 'lines', 'tags', 'color'].map((name) => {
        return { name, kind: name === 'time' ? 'time' : 'string', values: values[name] };
      });
      const frame = annotationFrame(
        { ...table, length: 1, columns: columns as never },
        { refId: 'A', notices: [], links: [] }
      );
      return frame.fields.find(({ name }) => name === 'color')?.values;
    };
    expect(colored('orange')).toEqual(['orange']);
    expect(colored('')).toBeUndefined();
  });

  test('links lead to the event on the dashboard and in Explore, for its time', () => {
    const event = linked([capture(100, 80, { profile: 'cpu' }), capture(100, 80)]);
    const [dashboard, explore] = eventLinks(context).map(({ url }) => new URL(url(event), 'http://grafana'));
    expect(dashboard.pathname).toBe('/d/dash');
    expect(Object.fromEntries(dashboard.searchParams)).toEqual({
      'var-datasource': 'u"1',
      'var-service': 's',
      'var-instance': 'a',
      'var-event': 'e100',
      from: String(70 * 60_000),
      to: String(110 * 60_000),
    });
    expect(JSON.parse(explore.searchParams.get('panes') ?? '')).toMatchObject({
      pl1: {
        datasource: 'u"1',
        queries: [{ view: 'flame', capture: 'event', event: 'key-100-heap' }],
        range: { from: String(70 * 60_000), to: String(110 * 60_000) },
      },
    });
    expect(eventLinks({ ...context, dashboardUid: '' }).map(({ title }) => title)).toEqual(['Explore']);
  });

  test("links to the metrics of the event's process", () => {
    const metrics = { uid: 'prom', queries: [{ name: 'Memory', query: 'm{pod="$instance", x="$other"}' }] };
    const event = linked([capture(100, 80, { instance: 'a"b' })]);
    const link = eventLinks({ ...context, metrics }).at(-1);
    expect(link?.title).toBe('Memory');
    const { pl1 } = JSON.parse(new URL(link?.url(event) ?? '', 'http://grafana').searchParams.get('panes') ?? '');
    expect(pl1.datasource).toBe('prom');
    expect(pl1.queries[0].expr).toBe('m{pod="a\\"b", x="$other"}');
  });
});

describe('exemplars', () => {
  test('a diamond at the value of each event, with its labels and links', () => {
    const events = eventsOf([capture(1, 80), capture(1, 80, { profile: 'cpu' }), capture(2, undefined)]);
    const frame = exemplarFrame(exemplarsTable(events), { refId: 'A', notices: [], links: exemplarLinks(context) });
    expect(frame.name).toBe('exemplar');
    expect(frame.meta?.dataTopic).toBe(DataTopic.Annotations);
    expect(rowsOf(frame)).toEqual([
      {
        Time: 60_000,
        Value: 80 * MiB,
        service: 's',
        instance: 'a',
        trigger: 'heap-ratio',
        event: 'e1',
        version: 'v1',
        key: 'key-1-heap',
        profile: 'heap, cpu',
        selector: '{service="s"}',
      },
    ]);
    const { links } = frame.fields.find(({ name }) => name === 'event')?.config ?? {};
    expect(links?.map(({ title }) => title)).toEqual(['Open capture', 'Open in Explore']);
    expect(links?.[0].url).toContain(
      '/d/dash?var-datasource=u%221&var-service=${__data.fields.service:percentencode}&'
    );
  });

  test('a layout without values says so', () => {
    const frame = exemplarFrame(exemplarsTable(eventsOf([capture(1, undefined)])), {
      refId: 'A',
      notices: [],
      links: [],
    });
    expect(frame.length).toBe(0);
    expect(frame.meta?.notices?.[0].text).toMatch(/no \{value\}/);
  });
});
