import { InlineFieldRow, type ComboboxOption } from '@grafana/ui';
import React from 'react';
import type { DiffDrawing, DiffScale } from '../fields/fields';
import type { BaseChoice } from '../captures/choices';
import { ChoiceField, labelWidth, TextField } from './fields';
import type { FormProps } from './form';

const bases: Array<ComboboxOption<BaseChoice>> = [
  { value: '', label: 'Nothing' },
  { value: 'previous', label: 'Previous capture', description: 'of the same instance' },
  { value: 'first', label: 'First in range', description: 'of the same instance' },
  { value: 'healthy', label: 'Last healthy capture', description: 'below a share of its limit' },
  { value: 'yesterday', label: 'Same time yesterday' },
  { value: 'instance', label: 'Another instance' },
  { value: 'version', label: 'Another version' },
  { value: 'event', label: 'Event id or key' },
];

const scales: Array<ComboboxOption<DiffScale>> = [
  { value: 'absolute', label: 'Absolute' },
  { value: 'rate', label: 'Per second', description: 'of each profile, or of the time between them' },
  { value: 'percent', label: '% of total', description: 'of each side' },
];

const drawings: Array<ComboboxOption<DiffDrawing>> = [
  { value: 'all', label: 'Both sides', description: 'what grew red, what shrank green' },
  { value: 'grown', label: 'Grown only', description: 'widths are what each call path grew by' },
  { value: 'shrunk', label: 'Shrunk only', description: 'widths are what each call path shrank by' },
];

export function BaseFields(props: FormProps) {
  const { id, query, onChange } = props;
  return (
    <InlineFieldRow>
      <ChoiceField
        id={id('base')}
        label="Compare with"
        labelWidth={labelWidth}
        tooltip="The base of the difference. The panel says which capture was chosen."
        options={bases}
        value={query.base}
        onChange={(base) => onChange({ base })}
      />
      <WhichBase {...props} />
      {query.base !== '' && <DifferenceFields {...props} />}
    </InlineFieldRow>
  );
}

/** The field that says more of some bases. */
function WhichBase({ id, query, onChange }: FormProps) {
  switch (query.base) {
    case 'healthy':
      return (
        <TextField
          id={id('baseBelow')}
          label="Below % of limit"
          type="number"
          width={10}
          value={String(query.baseBelow)}
          onCommit={(text) => onChange({ baseBelow: Number(text) || 70 })}
        />
      );
    case 'instance':
      return (
        <TextField
          id={id('baseInstance')}
          label="Instance"
          placeholder="any other"
          value={query.baseInstance}
          onCommit={(baseInstance) => onChange({ baseInstance })}
        />
      );
    case 'version':
      return (
        <TextField
          id={id('baseVersion')}
          label="Version"
          placeholder="any other"
          value={query.baseVersion}
          onCommit={(baseVersion) => onChange({ baseVersion })}
        />
      );
    case 'event':
      return (
        <TextField
          id={id('baseEvent')}
          label="Base event"
          placeholder="event id or object key"
          value={query.baseEvent}
          onCommit={(baseEvent) => onChange({ baseEvent })}
        />
      );
    default:
      return null;
  }
}

function DifferenceFields({ id, query, uses, onChange }: FormProps) {
  return (
    <>
      {uses('scale') && (
        <ChoiceField
          id={id('scale')}
          label="Scale"
          tooltip="What both sides are in."
          width={18}
          options={scales}
          value={query.scale}
          onChange={(scale) => onChange({ scale })}
        />
      )}
      {uses('drawing') && (
        <ChoiceField
          id={id('drawing')}
          label="Draw"
          tooltip="What of the difference the flame graph shows."
          width={18}
          options={drawings}
          value={query.drawing}
          onChange={(drawing) => onChange({ drawing })}
        />
      )}
    </>
  );
}
