// Frames drawn with Grafana's components, chosen by what the frame prefers.
import { applyFieldOverrides, FieldColorModeId, type DataFrame, type Field, type TimeRange } from '@grafana/data';
import { FlameGraph } from '@grafana/flamegraph';
import { LegendDisplayMode, Table, TimeSeries, useTheme2 } from '@grafana/ui';
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
      {kind === 'table' && width > 0 && (
        <Table data={withLinks(data[0], onOpen)} width={width} height={height} ariaLabel="Result" />
      )}
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
    config: { ...field.config, color: field.config.color ?? { mode: FieldColorModeId.PaletteClassic } },
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

/** Opens a cell's link where this page can: with the row's fields filled into its query. */
function withLinks(frame: DataFrame, onOpen?: (query: any) => void): DataFrame {
  const fill = (query: object, row: number) =>
    JSON.parse(
      JSON.stringify(query).replace(/\$\{__data\.fields\.(\w+)\}/g, (_, name) =>
        JSON.stringify(String(frame.fields.find((f) => f.name === name)?.values[row] ?? '')).slice(1, -1)
      )
    );
  const linksOf = (field: Field): Field['getLinks'] =>
    field.config.links &&
    (({ valueRowIndex = 0 }) =>
      field.config.links!.map(({ title, internal }) => ({
        title,
        href: '#',
        target: undefined,
        origin: field,
        onClick: () => onOpen?.(fill(internal!.query as object, valueRowIndex)),
      })));
  return { ...frame, fields: frame.fields.map((field) => ({ ...field, getLinks: linksOf(field) })) };
}
