// Annotations and exemplars over a time series, as Grafana's own panel draws them: a mark on the axis, a bar for a region,
// a diamond at a value. A click shows what it says, and its links.
import { dateTimeFormat, formattedValueToString, getDisplayProcessor, textUtil, type DataFrame } from '@grafana/data';
import { EventsCanvas, Toggletip, useTheme2 } from '@grafana/ui';
import React, { useCallback, useEffect, useLayoutEffect, useRef, type CSSProperties } from 'react';
import type uPlot from 'uplot';
import { fillIn, hrefOf } from './links';

const cell = (frame: DataFrame, name: string, row: number) =>
  frame.fields.find((field) => field.name === name)?.values[row];
const isExemplar = (frame: DataFrame) => frame.name === 'exemplar';
const timeOf = (frame: DataFrame, row: number) => cell(frame, isExemplar(frame) ? 'Time' : 'time', row);
/** Titles and texts of annotations are HTML. */
const Html = ({ text }: { text: string }) => <div dangerouslySetInnerHTML={{ __html: textUtil.sanitize(text) }} />;

export function Marks({ config, frames, range }: any) {
  const plot = useRef<uPlot | undefined>(undefined);
  useLayoutEffect(() => config.addHook('init', (u: uPlot) => void (plot.current = u)), [config]);
  // EventsCanvas places what it has when the plot is drawn; with React 19 the first drawing can be over before it listens.
  useEffect(() => {
    const again = requestAnimationFrame(() => plot.current?.redraw(false));
    return () => cancelAnimationFrame(again);
  }, [config, frames]);
  const place = useCallback((frame: DataFrame, row: number) => {
    const u = plot.current!;
    const { clientWidth, clientHeight } = u.over;
    const x = u.valToPos(timeOf(frame, row), 'x');
    const y = isExemplar(frame) ? u.valToPos(cell(frame, 'Value', row), u.series[1].scale!) : clientHeight;
    return x >= 0 && x <= clientWidth && y >= 0 && y <= clientHeight ? { x, y } : undefined;
  }, []);
  const draw = useCallback(
    (frame: DataFrame, row: number) => {
      const u = plot.current!;
      const time = timeOf(frame, row);
      const title: string = isExemplar(frame) ? 'Exemplar' : cell(frame, 'title', row);
      const end = Math.min(u.valToPos(cell(frame, 'timeEnd', row) ?? time, 'x'), u.over.clientWidth);
      const style = { '--length': `${end - u.valToPos(time, 'x')}px`, '--height': `${u.over.clientHeight}px` };
      const kind = isExemplar(frame) ? 'diamond' : cell(frame, 'isRegion', row) ? 'region' : 'mark';
      const name = new DOMParser().parseFromString(title, 'text/html').body.textContent;
      const content = isExemplar(frame) ? (
        <Fields {...{ frame, row, range }} />
      ) : (
        <Html text={cell(frame, 'text', row)} />
      );
      return (
        <Toggletip title={<Html text={title} />} content={content}>
          <button
            className={`capture ${kind}`}
            style={style as CSSProperties}
            aria-label={`${name}, ${dateTimeFormat(time, { timeZone: 'utc' })}`}
          />
        </Toggletip>
      );
    },
    [range]
  );
  return (
    <EventsCanvas id="marks" config={config} events={frames} mapEventToXYCoords={place} renderEventMarker={draw} />
  );
}

/** The fields of an exemplar and their links. */
function Fields({ frame, row, range }: any) {
  const theme = useTheme2();
  return frame.fields.map((field: any) => {
    const value = field.values[row];
    const shown = formattedValueToString(getDisplayProcessor({ field, theme })(value));
    return (
      <div key={field.name}>
        {field.name !== 'Time' && value !== '' && `${field.name}: ${shown}`}
        {field.config.links?.map((link: any) => (
          <a key={link.title} className="link" href={hrefOf(link, (text) => fillIn(text, frame, row, value), range)}>
            {link.title}
          </a>
        ))}
      </div>
    );
  });
}
