import { InlineFieldRow, InlineSwitch, type ComboboxOption } from '@grafana/ui';
import React from 'react';
import type { LaneChoice, LatencyChoice, RowChoice } from '../fields/traceOptions';
import { ChoiceField, LabelledField, labelWidth, TextField } from './fields';
import type { FormProps } from './form';

const rows: Array<ComboboxOption<RowChoice>> = [
  { value: 'groups', label: 'Together', description: 'by function, type or kind' },
  { value: 'each', label: 'One by one' },
];

const latencies: Array<ComboboxOption<LatencyChoice>> = [
  { value: 'tasks', label: 'Tasks', description: 'from begin to end' },
  { value: 'regions', label: 'Regions', description: 'from begin to end' },
  { value: 'stop-the-world', label: 'Stop-the-world', description: 'pauses of the whole program' },
  { value: 'scheduler', label: 'Scheduler', description: 'able to run, and not running' },
];

const lanes: Array<ComboboxOption<LaneChoice>> = [
  { value: 'goroutines', label: 'Goroutines' },
  { value: 'processors', label: 'Processors' },
];

const switches = [
  {
    field: 'withSystem',
    label: 'System goroutines',
    tooltip: 'Those of the runtime itself as well: its collector, sweeper and finalizers.',
  },
  {
    field: 'withStopTheWorld',
    label: 'Stop-the-world',
    tooltip: "Pauses of the whole program for the collector count as the collector's time.",
  },
  {
    field: 'withBackground',
    label: 'Background',
    tooltip: 'Its workers count, but those that only use idle processors.',
  },
  { field: 'withAssist', label: 'Mark assist', tooltip: 'Goroutines that have to help with marking count.' },
  { field: 'withSweep', label: 'Sweep', tooltip: 'Goroutines that sweep count.' },
  {
    field: 'perProcessor',
    label: 'Per processor',
    tooltip:
      'The least of any processor, not of all together. Dedicated workers do not count: goroutines go to other processors.',
  },
] as const;

/** What of an execution trace is shown. */
export function TraceFields({ id, query, uses, onChange }: FormProps) {
  return (
    <InlineFieldRow>
      {uses('rows') && (
        <ChoiceField
          id={id('rows')}
          label="Rows"
          labelWidth={labelWidth}
          width={20}
          options={rows}
          value={query.rows}
          onChange={(value) => onChange({ rows: value })}
        />
      )}
      {uses('latencyOf') && (
        <ChoiceField
          id={id('latencyOf')}
          label="Of"
          labelWidth={labelWidth}
          width={20}
          options={latencies}
          value={query.latencyOf}
          onChange={(value) => onChange({ latencyOf: value })}
        />
      )}
      {uses('lanes') && (
        <ChoiceField
          id={id('lanes')}
          label="Lanes"
          labelWidth={labelWidth}
          width={20}
          options={lanes}
          value={query.lanes}
          onChange={(value) => onChange({ lanes: value })}
        />
      )}
      {uses('goroutine') && (
        <TextField
          id={id('goroutine')}
          label="Goroutine"
          value={query.goroutine}
          width={14}
          placeholder="id"
          tooltip="Its id, as tables and lanes have it. Empty: all."
          onCommit={(goroutine) => onChange({ goroutine })}
        />
      )}
      {uses('task') && (
        <TextField
          id={id('task')}
          label="Task"
          value={query.task}
          width={14}
          placeholder="id"
          tooltip="The id of a task, as the table of tasks has it. Empty: all, or where one is shown that which took longest."
          onCommit={(task) => onChange({ task })}
        />
      )}
      {switches
        .filter(({ field }) => uses(field))
        .map(({ field, label, tooltip }) => (
          <LabelledField key={field} id={id(field)} label={label} tooltip={tooltip}>
            <InlineSwitch
              id={id(field)}
              value={query[field]}
              onChange={({ currentTarget }) => onChange({ [field]: currentTarget.checked })}
            />
          </LabelledField>
        ))}
    </InlineFieldRow>
  );
}
