import { InlineFieldRow, type ComboboxOption } from '@grafana/ui';
import React, { type ReactNode } from 'react';
import { captureChoices, type CaptureChoice } from '../captures/choices';
import type { ReadFromChoice } from '../fields/fields';
import { viewInfos } from '../query/viewInfos';
import type { ViewName } from '../query/query';
import { viewGroups, type Opens } from '../views/view';
import { ChoiceField, labelWidth, TextField } from './fields';
import type { FormProps } from './form';

const viewOptions: Array<ComboboxOption<ViewName>> = viewGroups.flatMap((group) =>
  viewInfos
    .filter((info) => info.group === group)
    .map(({ name, title, description }) => ({ value: name as ViewName, label: title, description, group }))
);

const readFromOptions: Array<ComboboxOption<ReadFromChoice>> = [
  { value: 'bucket', label: 'Bucket' },
  { value: 'pyroscope', label: 'Fleet (Pyroscope)' },
];

const captureLabels: Record<CaptureChoice, string> = {
  latest: 'Latest in range',
  first: 'First in range',
  merge: 'Merge all in range',
  peak: 'Peak value in range',
  nearest: 'Nearest at or before',
  event: 'Event id or key',
};
const captureOptions = captureChoices.map((value) => ({ value, label: captureLabels[value] }));

const captureTooltips: Partial<Record<Opens, string>> = {
  process: 'The capture whose process is followed over the time range.',
  fleet:
    'Which captures of each instance are compared. Of an event those of the others that are nearest to it in time.',
};

/** The view, and which captures it opens; of a list of captures it is the one that is marked. */
export function ViewFields({
  id,
  query,
  view,
  uses,
  hasPyroscope,
  onChange,
  children,
}: FormProps & { children: ReactNode }) {
  return (
    <InlineFieldRow>
      <ChoiceField
        id={id('view')}
        label="View"
        labelWidth={labelWidth}
        width={22}
        options={viewOptions}
        value={query.view}
        onChange={(name) => onChange({ view: name })}
      />
      {uses('readFrom') && (hasPyroscope || query.readFrom !== 'bucket') && (
        <ChoiceField
          id={id('readFrom')}
          label="Profiles from"
          tooltip="The captures in the bucket, or what Pyroscope has merged of all that matches in the time range."
          options={readFromOptions}
          value={query.readFrom}
          onChange={(readFrom) => onChange({ readFrom })}
        />
      )}
      {uses('capture') && query.readFrom === 'bucket' && (
        <ChoiceField
          id={id('capture')}
          label="Captures"
          tooltip={captureTooltips[view.opens] ?? 'Which captures of the time range are opened.'}
          options={captureOptions}
          value={query.capture}
          onChange={(capture) => onChange({ capture })}
        />
      )}
      {uses('event') && query.capture === 'event' && (
        <TextField
          id={id('event')}
          label="Event"
          value={query.event}
          placeholder="event id or object key"
          onCommit={(event) => onChange({ event })}
        />
      )}
      {uses('at') && query.capture === 'nearest' && (
        <TextField
          id={id('at')}
          label="Time"
          value={query.at}
          placeholder="end of the range"
          onCommit={(at) => onChange({ at })}
        />
      )}
      {(query.capture === 'merge' || view.opens === 'process' || view.opens === 'fleet') &&
        limits.map(
          ({ field, label, placeholder, tooltip }) =>
            uses(field) && (
              <TextField
                key={field}
                id={id(field)}
                label={label}
                type="number"
                width={12}
                tooltip={tooltip}
                value={query[field] === 0 ? '' : String(query[field])}
                placeholder={placeholder}
                onCommit={(text) => onChange({ [field]: Number(text) })}
              />
            )
        )}
      {children}
    </InlineFieldRow>
  );
}

/** How much of many captures is opened; empty for no limit of the query's own. */
const limits = [
  {
    field: 'maxCaptures',
    label: 'Most captures',
    placeholder: 'default',
    tooltip: 'Of more a sample is opened, spread evenly over time and instances. Empty: the limit of the data source.',
  },
  {
    field: 'maxMiB',
    label: 'Most MiB',
    placeholder: 'any',
    tooltip: 'Of objects, as they are stored. Of more a sample is opened.',
  },
  {
    field: 'maxSeconds',
    label: 'Most seconds',
    placeholder: 'any',
    tooltip: 'Then what is merged is shown: a sample of the range.',
  },
] as const;
