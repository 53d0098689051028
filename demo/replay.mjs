// The recorded metrics again and again, moved in time as the captures of the same service are: what is past as a file to
// import, and from then on a server to scrape. Exemplars, which cannot be imported, come by scrapes alone.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { listed, period, timeMovers } from './store/store.mjs';

const folder = fileURLToPath(new URL('metrics', import.meta.url));

/** @param start when the captures of repeatCaptures start, with its `objects` */
export function loadMetrics(objects, start) {
  const movers = timeMovers(undefined, start);
  return readdirSync(folder).map((name) => {
    const [service] = name.split('.');
    const text = gunzipSync(readFileSync(join(folder, name))).toString();
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => readLine(line, movers[service]));
    const first = lines.reduce((least, { time = Infinity }) => Math.min(least, time), Infinity);
    const run = lines.filter(({ time = first }) => time < first + period); // Then the next one starts.
    return {
      past: () =>
        `${run
          .filter(({ time = start }) => time <= start)
          .map(printLine)
          .join('\n')}\n`,
      server: () => createReplay(run, first, () => exemplarsOf(objects, service)),
    };
  });
}

/** A sample of OpenMetrics' text format with its time, or a line that is none. */
function readLine(line, move) {
  const [, series, value, seconds] = /^([^#]\S*) (\S+) ([\d.]+)$/.exec(line) ?? [];
  return series ? { series, value, time: move(Number(seconds) * 1000) } : { series: line };
}

const printTime = (time) => (time / 1000).toFixed(3);
const printLine = ({ series, value, time }) => (value ? `${series} ${value} ${printTime(time)}` : series);

/** The captures in the list, the oldest first, as the exemplars that the auto-profiler gives its metrics. */
function exemplarsOf(objects, service) {
  const pattern = /Z_(\w+)_([\w-]+)_(\d+)-\d+_([\w-]+)_[^/]*\/meta\.json$/;
  return listed(objects, Date.now()).flatMap(({ key, time }) => {
    const [, event, trigger, value, instance] = pattern.exec(key) ?? [];
    return event && key.startsWith(`${service}/`) ? [{ event, trigger, value: Number(value), instance, time }] : [];
  });
}

/** A server that has of each series what it was at this time of the period. */
function createReplay(run, first, exemplars) {
  const told = new Set();
  return createServer((_, response) => {
    const at = first + ((Date.now() - first) % period);
    const last = new Map();
    run.filter(({ time = at }) => time <= at).forEach((line) => last.set(line.series, line));
    const all = exemplars();
    let below = 0;
    const print = ({ series, value }) => {
      const [, bound, instance] = /_bucket\{le="([^"]+)".*instance="([^"]+)"/.exec(series) ?? [];
      const plain = value ? `${series} ${value}` : series;
      if (!bound) {
        return plain;
      }
      const to = bound === '+Inf' ? Infinity : Number(bound);
      const own = all.filter((each) => each.instance === instance && each.value > below && each.value <= to);
      below = to === Infinity ? 0 : to;
      // A bucket has one exemplar. Those from before the first scrape are made up for, one each scrape.
      const next = own.find(({ event, time }) => !told.has(`${event} ${time}`)) ?? own.at(-1);
      if (!next) {
        return plain;
      }
      told.add(`${next.event} ${next.time}`);
      const labels = `event_id="${next.event}",trigger="${next.trigger}"`;
      return `${plain} # {${labels}} ${next.value} ${printTime(next.time)}`;
    };
    response.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' });
    response.end(`${[...last.values()].map(print).join('\n')}\n`);
  });
}
