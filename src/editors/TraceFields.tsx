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
      {uses('withSystem') && (
        <LabelledField
          id={id('withSystem')}
          label="System goroutines"
          tooltip="Those of the runtime itself as well: its collector, sweeper and finalizers."
        >
          <InlineSwitch
            id={id('withSystem')}
            value={query.withSystem}
            onChange={({ currentTarget }) => onChange({ withSystem: currentTarget.checked })}
          />
        </LabelledField>
      )}
    </InlineFieldRow>
  );
}
