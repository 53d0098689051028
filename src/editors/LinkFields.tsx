import { DataSourcePicker } from '@grafana/runtime';
import { Button, Field, Input, Stack } from '@grafana/ui';
import React from 'react';
import type { PprofOptions } from '../types';

interface Props {
  jsonData: PprofOptions;
  setJson: (patch: Partial<PprofOptions>) => void;
}

/** The metric of the auto-profiler (autoprofiler/prommetrics). */
const memoryQuery = {
  name: 'Memory',
  query: 'autoprofiler_memory_bytes{service="$service", instance="$instance"}',
};

type MetricsQuery = NonNullable<PprofOptions['metricsQueries']>[number];

/** Where captures lead: the dashboard of an event, and the metrics of its process. */
export function LinkFields({ jsonData, setJson }: Props) {
  const { eventDashboardUid, metricsUid, metricsQueries = [] } = jsonData;
  return (
    <>
      <Field
        label="Dashboard of an event"
        htmlFor="eventDashboardUid"
        description="UID of the dashboard that annotations open, with the variables service, instance and event. Empty for none."
      >
        <Input
          id="eventDashboardUid"
          width={40}
          value={eventDashboardUid ?? 'pproflens-incident'}
          onChange={({ currentTarget }) => setJson({ eventDashboardUid: currentTarget.value.trim() })}
        />
      </Field>
      <Field
        label="Metrics data source"
        htmlFor="metricsUid"
        description="Captures link to the metrics of their process there, e.g. Prometheus."
      >
        <DataSourcePicker
          inputId="metricsUid"
          width={40}
          noDefault
          placeholder="None"
          current={metricsUid ?? null}
          onChange={({ uid }) =>
            setJson({ metricsUid: uid, metricsQueries: metricsQueries.length > 0 ? metricsQueries : [memoryQuery] })
          }
          onClear={() => setJson({ metricsUid: undefined })}
        />
      </Field>
      {metricsUid && (
        <MetricsQueries queries={metricsQueries} onChange={(queries) => setJson({ metricsQueries: queries })} />
      )}
    </>
  );
}

interface QueriesProps {
  queries: readonly MetricsQuery[];
  onChange: (queries: MetricsQuery[]) => void;
}

function MetricsQueries({ queries, onChange }: QueriesProps) {
  return (
    <>
      {queries.map((query, i) => (
        <MetricsQueryRow
          key={i}
          row={i}
          query={query}
          onChange={(changed) => onChange(queries.map((other, k) => (k === i ? changed : other)))}
          onRemove={() => onChange(queries.filter((_, k) => k !== i))}
        />
      ))}
      <Button
        size="sm"
        variant="secondary"
        icon="plus"
        onClick={() => onChange([...queries, { name: 'Memory', query: '' }])}
      >
        Add query
      </Button>
    </>
  );
}

interface RowProps {
  row: number;
  query: MetricsQuery;
  onChange: (query: MetricsQuery) => void;
  onRemove: () => void;
}

function MetricsQueryRow({ row, query, onChange, onRemove }: RowProps) {
  return (
    <Stack alignItems="end" gap={1}>
      <Field label={`Link ${row + 1}`} htmlFor={`metricsName${row}`}>
        <Input
          id={`metricsName${row}`}
          width={24}
          placeholder="Memory"
          value={query.name}
          onChange={({ currentTarget }) => onChange({ ...query, name: currentTarget.value })}
        />
      </Field>
      <Field
        label={`Query ${row + 1}`}
        htmlFor={`metricsQuery${row}`}
        description={row === 0 ? '$service, $instance and other key labels stand for those of the capture.' : ''}
      >
        <Input
          id={`metricsQuery${row}`}
          width={64}
          placeholder='process_resident_memory_bytes{instance="$instance"}'
          value={query.query}
          onChange={({ currentTarget }) => onChange({ ...query, query: currentTarget.value })}
        />
      </Field>
      <Field label="">
        <Button aria-label={`Remove link ${row + 1}`} icon="times" variant="secondary" fill="text" onClick={onRemove} />
      </Field>
    </Stack>
  );
}
