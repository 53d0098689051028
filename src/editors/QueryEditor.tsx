import { dateMath, type QueryEditorProps, type TimeRange } from '@grafana/data';
import { Stack } from '@grafana/ui';
import React, { type ComponentType } from 'react';
import type { PprofDataSource } from '../datasource';
import { leftOut, printCommand } from '../query/printCommand';
import { infoOf, ownFields, readableFields, usesField } from '../query/query';
import type { PprofOptions, PprofQuery } from '../types';
import { BaseFields } from './BaseFields';
import { CaptureNowButton } from './CaptureNowButton';
import { captureShown } from './captureShown';
import { CommandField } from './CommandField';
import { DownloadButton } from './DownloadButton';
import { EstimateFields } from './EstimateFields';
import { FleetFields } from './FleetFields';
import { FilterFields, FunctionField, SeriesField } from './FilterFields';
import type { FormProps } from './form';
import { GoroutineFields } from './GoroutineFields';
import { OptionFields } from './OptionFields';
import { readFields } from './selectorFields';
import { SelectorRows } from './SelectorRows';
import { TraceFields } from './TraceFields';
import { ViewFields } from './ViewFields';

type Props = QueryEditorProps<PprofDataSource, PprofQuery, PprofOptions>;

/** The parts of the form below the selector, in their order, and when each is shown. */
const parts: ReadonlyArray<readonly [ComponentType<FormProps>, (form: FormProps) => boolean]> = [
  [BaseFields, ({ uses }) => uses('base')],
  // A view of other profiles shows a search that is still set.
  [GoroutineFields, ({ view, uses, query }) => uses('search') && (view.group === 'Goroutines' || query.search !== '')],
  [TraceFields, ({ view }) => view.opens === 'trace'],
  [FleetFields, ({ view }) => view.opens === 'fleet'],
  [FunctionField, ({ uses }) => uses('peek')],
  [FilterFields, ({ uses }) => uses('focus')],
  [OptionFields, ({ uses }) => uses('focus')],
  [EstimateFields, ({ uses }) => uses('estimate')],
  [SeriesField, ({ view, uses }) => view.opens === 'keys' && uses('groupBy')],
];

/** A form over the fields that the query's view uses (views/view.ts). */
export function QueryEditor({ datasource, query: stored, onChange, onRunQuery, range, data }: Props) {
  const query = readableFields(stored);
  const store = (patch: Partial<PprofQuery>) => onChange({ ...stored, ...patch });
  const form: FormProps = {
    id: (name) => `pprof-${stored.refId}-${name}`,
    query,
    view: infoOf(query),
    uses: (field) => usesField(query, field),
    hasPyroscope: Boolean(datasource.pyroscope),
    onChange(patch) {
      store(patch);
      onRunQuery();
    },
  };
  const { opens } = form.view;
  // The last run knows the values of the dashboard's variables.
  const request = data?.request ?? (range && { range, scopedVars: {} });
  const filters = datasource.sampleFilters(query.selector);
  // The frame knows the objects that were opened; before it is there, the command names none.
  const executed = data?.series.find(({ refId }) => refId === stored.refId)?.meta?.executedQueryString;
  const { gateway } = datasource;
  const command = executed?.startsWith('go tool pprof') ? executed : printCommand(ownFields(query), filters);

  return (
    <Stack direction="column" gap={0.5}>
      <ViewFields {...form}>
        {(opens === 'profile' || opens === 'goroutines') && query.readFrom === 'bucket' && request && (
          <DownloadButton download={(signal) => datasource.download(stored, request, signal)} />
        )}
        {gateway && (
          <CaptureNowButton
            gateway={gateway}
            service={readFields(query.selector)?.service ?? ''}
            onCaptured={(captured) => {
              datasource.forgetListings();
              form.onChange(captureShown(form, captured, endsNow(range)));
            }}
          />
        )}
      </ViewFields>
      <SelectorRows {...form} datasource={datasource} range={range} onStore={(selector) => store({ selector })} />
      {parts.map(([Part, isShown], i) => isShown(form) && <Part key={i} {...form} />)}
      {opens === 'profile' && (
        <CommandField
          id={form.id}
          command={command}
          leftOut={leftOut(query, filters)}
          isKey={(file) => datasource.isKey(file)}
          onChange={form.onChange}
        />
      )}
    </Stack>
  );
}

/** Whether a query that runs now finds what was captured now. */
const endsNow = (range: TimeRange | undefined): boolean =>
  !range || (dateMath.toDateTime(range.raw.to, { roundUp: true })?.valueOf() ?? 0) >= Date.now() - 1000;
