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

/** Where captures lead: the dashboard of an event, and the metrics of its process. */
export function LinkFields({ jsonData, setJson }: Props) {
  const { eventDashboardUid, metricsUid, metricsQueries = [] } = jsonData;
  const setQuery = (at: number, patch: Partial<(typeof metricsQueries)[number]>) =>
    setJson({ metricsQueries: metricsQueries.map((query, i) => (i === at ? { ...query, ...patch } : query)) });
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
      {metricsUid &&
        metricsQueries.map(({ name, query }, i) => (
          <Stack key={i} alignItems="end" gap={1}>
            <Field label={`Link ${i + 1}`} htmlFor={`metricsName${i}`}>
              <Input
                id={`metricsName${i}`}
                width={24}
                placeholder="Memory"
                value={name}
                onChange={({ currentTarget }) => setQuery(i, { name: currentTarget.value })}
              />
            </Field>
            <Field
              label={`Query ${i + 1}`}
              htmlFor={`metricsQuery${i}`}
              description={i === 0 ? '$service, $instance and other key labels stand for those of the capture.' : ''}
            >
              <Input
                id={`metricsQuery${i}`}
                width={64}
                placeholder='process_resident_memory_bytes{instance="$instance"}'
                value={query}
                onChange={({ currentTarget }) => setQuery(i, { query: currentTarget.value })}
              />
            </Field>
            <Field label="">
              <Button
                aria-label={`Remove link ${i + 1}`}
                icon="times"
                variant="secondary"
                fill="text"
                onClick={() => setJson({ metricsQueries: metricsQueries.filter((_, k) => k !== i) })}
              />
            </Field>
          </Stack>
        ))}
      {metricsUid && (
        <Button
          size="sm"
          variant="secondary"
          icon="plus"
          onClick={() => setJson({ metricsQueries: [...metricsQueries, { name: 'Memory', query: '' }] })}
        >
          Add query
        </Button>
      )}
    </>
  );
}
