import { InlineFieldRow, InlineSwitch } from '@grafana/ui';
import React from 'react';
import { LabelledField, labelWidth, TextField } from './fields';
import type { FormProps } from './form';

/** The filters of pprof that most queries need; the others are below its options. */
export const FilterFields = ({ id, query, uses, onChange }: FormProps) => (
  <InlineFieldRow>
    <TextField
      id={id('focus')}
      label="Focus"
      labelWidth={labelWidth}
      value={query.focus}
      placeholder="e.g. json|gob"
      tooltip="Regular expression: samples with a function, file or binary that matches stay."
      onCommit={(focus) => onChange({ focus })}
    />
    <TextField
      id={id('ignore')}
      label="Ignore"
      value={query.ignore}
      placeholder="e.g. ^runtime\."
      tooltip="Regular expression: samples with a function, file or binary that matches go."
      onCommit={(ignore) => onChange({ ignore })}
    />
    <TextField
      id={id('tagRoot')}
      label="Tag root"
      width={22}
      value={query.tagRoot}
      placeholder="e.g. tenant_id"
      tooltip="Labels whose values become frames at the root, separated by commas."
      onCommit={(tagRoot) => onChange({ tagRoot })}
    />
    {uses('fullNames') && (
      <LabelledField
        id={id('fullNames')}
        label="Full names"
        tooltip="Functions with their whole import path and type arguments. Filters read full names either way; a short name finds its function where it has no […]."
      >
        <InlineSwitch
          id={id('fullNames')}
          value={query.fullNames}
          onChange={({ currentTarget }) => onChange({ fullNames: currentTarget.checked })}
        />
      </LabelledField>
    )}
  </InlineFieldRow>
);

/** Which functions a view shows. */
export const FunctionField = ({ id, query, onChange }: FormProps) => (
  <TextField
    id={id('peek')}
    label="Function"
    labelWidth={labelWidth}
    width={60}
    value={query.peek}
    placeholder="e.g. json\.Marshal"
    tooltip="Regular expression on the names of functions: those that are shown."
    onCommit={(peek) => onChange({ peek })}
  />
);

/** What makes a series. */
export const SeriesField = ({ id, query, onChange }: FormProps) => (
  <TextField
    id={id('groupBy')}
    label="Group by"
    labelWidth={labelWidth}
    value={query.groupBy}
    placeholder="service,instance"
    tooltip="Key labels that make a series, separated by commas."
    onCommit={(groupBy) => onChange({ groupBy })}
  />
);
