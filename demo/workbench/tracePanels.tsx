// What Grafana draws with panels that are no part of its libraries, as plainly as tells whether the frames are right: a
// histogram, a state timeline, a trace.
import {
  dateTimeFormat,
  formattedValueToString,
  getDisplayProcessor,
  getValueFormat,
  type DataFrame,
  type Field,
  type TimeRange,
} from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import React from 'react';
import { fillIn, hrefOf } from './links';

const duration = (ms: number) => formattedValueToString(getValueFormat('ms')(ms));
const clock = (ms: number) => dateTimeFormat(ms, { timeZone: 'utc', format: 'HH:mm:ss.SSS' });
const fieldOf = (frame: DataFrame, name: string) => frame.fields.find((field) => field.name === name) as Field;

/** Buckets that are counted already. */
export function Histogram({ frame, height }: { frame: DataFrame; height: number }) {
  const theme = useTheme2();
  const [low, high] = ['xMin', 'xMax'].map((name) => fieldOf(frame, name));
  const counts = frame.fields.find((field) => field !== low && field !== high && field.type === 'number') as Field;
  const show = (field: Field, row: number) =>
    formattedValueToString(getDisplayProcessor({ field, theme })(field.values[row]));
  const most = Math.max(...counts.values);
  return (
    <div className="histogram" style={{ height }} role="img" aria-label={frame.name}>
      {counts.values.map((count: number, row: number) => (
        <div key={row} className="bucket" title={`${show(low, row)} to ${show(high, row)}: ${count}`}>
          <span>{count > 0 ? count : ''}</span>
          <i style={{ height: `${(70 * count) / most}%` }} />
          <em>{show(low, row)}</em>
        </div>
      ))}
    </div>
  );
}

const place = (from: number, to: number, [begin, end]: readonly [number, number]) => {
  const part = (time: number) => (100 * (Math.min(Math.max(time, begin), end) - begin)) / (end - begin);
  return { left: `${part(from)}%`, width: `${part(to) - part(from)}%` };
};

/** A field is a lane. A value that is not there is the one before, null is none. */
export function Timeline({ frame, range, height }: { frame: DataFrame; range: TimeRange; height: number }) {
  const theme = useTheme2();
  const times: number[] = frame.fields[0].values;
  const shown = [range.from.valueOf(), range.to.valueOf()] as const;
  const colorOf = (field: Field, state: string) => {
    const mapping: any = field.config.mappings?.[0];
    return theme.visualization.getColorByName(mapping?.options[state]?.color ?? 'text');
  };
  const states = new Set(frame.fields.slice(1).flatMap(({ values }) => values.filter(Boolean) as string[]));
  return (
    <div className="timeline" style={{ maxHeight: height }}>
      <div className="states">
        {[...states].map((state) => (
          <span key={state}>
            <b style={{ background: colorOf(frame.fields[1], state) }} /> {state}
          </span>
        ))}
      </div>
      {frame.fields.slice(1).map((field) => {
        const changes = times.flatMap((time, i) => (field.values[i] === undefined ? [] : [{ time, i }]));
        const [link] = field.config.links ?? [];
        const name = field.config.displayNameFromDS ?? field.name;
        const address = link && hrefOf(link, (text) => fillIn(labelled(text, field), frame, 0, ''), range);
        return (
          <div key={field.name} className="lane">
            {address ? <a href={address}>{name}</a> : <span>{name}</span>}
            <div>
              {changes.map(({ time, i }, at) => {
                const state = field.values[i];
                const end = changes[at + 1]?.time ?? times[times.length - 1];
                return state === null ? null : (
                  <i
                    key={i}
                    title={`${state}, ${clock(time)}, ${duration(end - time)}`}
                    style={{ ...place(time, end, shown), background: colorOf(field, state) }}
                  />
                );
              })}
            </div>
          </div>
        );
      })}
    </div>
  );
}

const labelled = (text: string, { labels = {} }: Field) =>
  text.replace(/\$\{__field\.labels\.(\w+)\}/g, (_, name) => labels[name] ?? '');

/** A curve over the logarithm of the first field, from 0 to 100. */
export function Curve({ frame, height }: { frame: DataFrame; height: number }) {
  const theme = useTheme2();
  const [x, y] = frame.fields;
  const ends = [x.values[0], x.values[x.values.length - 1]].map(Math.log);
  const at = (value: number) => (1000 * (Math.log(value) - ends[0])) / (ends[1] - ends[0] || 1);
  const points = x.values.map((value: number, i: number) => `${at(value)},${100 - y.values[i]}`).join(' ');
  const show = (value: number) => formattedValueToString(getDisplayProcessor({ field: x, theme })(value));
  return (
    <figure style={{ height, margin: 0 }}>
      <svg
        role="img"
        aria-label={frame.name}
        width="100%"
        height={height - 24}
        viewBox="0 0 1000 100"
        preserveAspectRatio="none"
      >
        <polyline points={points} fill="none" stroke="purple" strokeWidth={2} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption>
        {show(x.values[0])} to {show(x.values[x.values.length - 1])}
      </figcaption>
    </figure>
  );
}

/** Spans below their parents. */
export function Spans({ frame, height }: { frame: DataFrame; height: number }) {
  const [ids, parents, names, starts, durations, logs, tags] = [
    ...['spanID', 'parentSpanID', 'operationName', 'startTime', 'duration', 'logs', 'tags'],
  ].map((name) => fieldOf(frame, name).values);
  const whole = [
    Math.min(...starts),
    Math.max(...starts.map((start: number, i: number) => start + durations[i])),
  ] as const;
  const below = (parent: string | undefined, depth: number): Array<{ row: number; depth: number }> =>
    ids
      .map((_: string, row: number) => row)
      .filter((row: number) => parents[row] === parent || (parent === undefined && !ids.includes(parents[row])))
      .flatMap((row: number) => [{ row, depth }, ...below(ids[row], depth + 1)]);
  return (
    <div className="timeline" style={{ maxHeight: height }}>
      {below(undefined, 0).map(({ row, depth }) => (
        <div key={row} className="lane">
          <span style={{ paddingLeft: depth * 12 }}>
            {names[row]} {duration(durations[row])}
          </span>
          <div>
            <i
              className="span"
              title={[...tags[row], ...logs[row].flatMap(({ fields }: any) => fields)]
                .map(({ key, value }) => `${key}=${value}`)
                .join(', ')}
              style={place(starts[row], starts[row] + durations[row], whole)}
            />
          </div>
        </div>
      ))}
    </div>
  );
}
