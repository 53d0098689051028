// Frames drawn with Grafana's components, chosen by what the frame prefers.
import {
  applyFieldOverrides,
  FieldColorModeId,
  FieldType,
  formattedValueToString,
  type DataFrame,
  type Field,
  type TimeRange,
} from '@grafana/data';
import { FlameGraph } from '@grafana/flamegraph';
import { LegendDisplayMode, TimeSeries, useTheme2 } from '@grafana/ui';
import 'uplot/dist/uPlot.min.css';
import React, { useEffect, useRef, useState } from 'react';

interface Props {
  frames: DataFrame[];
  range: TimeRange;
  height: number;
  onOpen?: (query: any) => void;
}

export function FrameView({ frames, range, height, onOpen }: Props) {
  const theme = useTheme2();
  const [width, box] = useWidth();
  const kind = frames[0]?.meta?.preferredVisualisationType;
  const data = applyFieldOverrides({
    data: frames.map(withColor),
    fieldConfig: { defaults: {}, overrides: [] },
    replaceVariables: (text) => text,
    theme,
    timeZone: 'utc',
  });
  return (
    <div ref={box}>
      {kind === 'flamegraph' && (
        <div style={{ maxHeight: height, overflow: 'auto' }}>
          <FlameGraph data={frames[0]} getTheme={() => theme} disableCollapsing={false} />
        </div>
      )}
      {kind === 'table' && <FrameTable frame={data[0]} height={height} onOpen={onOpen} />}
      {kind === 'graph' && width > 0 && data[0].length > 0 && (
        <TimeSeries
          frames={data}
          timeRange={range}
          timeZone="utc"
          width={width}
          height={height}
          legend={{ displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [], showLegend: true }}
        />
      )}
    </div>
  );
}

const withColor = (frame: DataFrame): DataFrame => ({
  ...frame,
  fields: frame.fields.map((field) => ({
    ...field,
    config: { ...field.config, color: { mode: FieldColorModeId.PaletteClassic } },
  })),
});

function useWidth(): [number, React.RefObject<HTMLDivElement>] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return [width, box];
}

const maxRows = 200;

function FrameTable({ frame, height, onOpen }: { frame: DataFrame; height: number; onOpen?: (query: any) => void }) {
  const rows = Array.from({ length: Math.min(frame.length, maxRows) }, (_, i) => i);
  const text = (field: Field, row: number) => {
    const value = field.values[row];
    return field.type === FieldType.string || Number.isNaN(value)
      ? String(Number.isNaN(value) ? '' : value)
      : formattedValueToString(field.display!(value));
  };
  /** The query of a cell's link, with the row's fields filled in. */
  const linked = (field: Field, row: number) => {
    const query = field.config.links?.[0]?.internal?.query;
    if (!query) {
      return undefined;
    }
    const filled = JSON.stringify(query).replace(/\$\{__data\.fields\.(\w+)\}/g, (_, name) =>
      JSON.stringify(String(frame.fields.find((f) => f.name === name)?.values[row] ?? '')).slice(1, -1)
    );
    return JSON.parse(filled);
  };
  return (
    <div className="scroll" style={{ maxHeight: height }}>
      <table>
        <thead>
          <tr>
            {frame.fields.map((field) => (
              <th key={field.name} className={field.type}>
                {field.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {frame.fields.map((field) => {
                const query = linked(field, row);
                return (
                  <td key={field.name} className={field.type}>
                    {query ? (
                      <button type="button" onClick={() => onOpen?.(query)}>
                        {text(field, row)}
                      </button>
                    ) : (
                      text(field, row)
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {frame.length > maxRows && (
        <p className="notice">
          {maxRows} of {frame.length} rows are shown.
        </p>
      )}
    </div>
  );
}
