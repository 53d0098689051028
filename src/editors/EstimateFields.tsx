import { InlineFieldRow, type ComboboxOption } from '@grafana/ui';
import React from 'react';
import type { EstimateChoice } from '../fields/fields';
import { ChoiceField, labelWidth, LinesField, Section, TextField } from './fields';
import type { FormProps } from './form';

const choices: Array<ComboboxOption<EstimateChoice>> = [
  { value: '', label: 'None' },
  { value: 'paths', label: 'By call paths', description: 'shares of labelled samples of the same process' },
  { value: 'rules', label: 'By rules', description: 'regular expressions on function names' },
];

/** A label for profiles that have none, as Go's heap profiles: it filters and groups like a recorded one. */
export function EstimateFields({ id, query, onChange }: FormProps) {
  const { estimate, estimateKey, estimateRules } = query;
  const chosen = choices.find(({ value }) => value === estimate);
  return (
    <Section
      title="Estimate of a label"
      summary={estimate === '' ? '' : `${estimateKey} ${String(chosen?.label).toLowerCase()}`}
    >
      <InlineFieldRow>
        <ChoiceField
          id={id('estimate')}
          label="Estimate"
          labelWidth={labelWidth}
          tooltip="Go writes no labels into heap profiles. An estimate splits their samples among the values of a label, and is always marked as one."
          options={choices}
          value={estimate}
          onChange={(estimate) => onChange({ estimate })}
        />
        {estimate !== '' && (
          <TextField
            id={id('estimateKey')}
            label="Label"
            value={estimateKey}
            placeholder="tenant_id"
            onCommit={(text) => onChange({ estimateKey: text || 'tenant_id' })}
          />
        )}
      </InlineFieldRow>
      {estimate === 'rules' && (
        <LinesField
          id={id('estimateRules')}
          label="Rules"
          rows={3}
          value={estimateRules}
          placeholder="shard\.(\w+)"
          tooltip="One a line, the first that matches counts: shard\.acme => acme, or shard\.(\w+), whose group is the value."
          onCommit={(text) => onChange({ estimateRules: text })}
        />
      )}
    </Section>
  );
}
