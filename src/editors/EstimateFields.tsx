import { Combobox, InlineField, InlineFieldRow, TextArea, type ComboboxOption } from '@grafana/ui';
import React from 'react';
import type { EstimateChoice, EstimateOptions } from '../query/query';
import { labelWidth, Section, TextField } from './fields';

const choices: Array<ComboboxOption<EstimateChoice>> = [
  { value: '', label: 'None' },
  { value: 'paths', label: 'By call paths', description: 'shares of labelled samples of the same process' },
  { value: 'rules', label: 'By rules', description: 'regular expressions on function names' },
];

interface Props {
  id: (name: string) => string;
  query: EstimateOptions;
  onChange: (patch: Partial<EstimateOptions>) => void;
}

/** A label for profiles that have none, as Go's heap profiles: it filters and groups like a recorded one. */
export function EstimateFields({ id, query, onChange }: Props) {
  const { estimate, estimateKey, estimateRules } = query;
  const chosen = choices.find(({ value }) => value === estimate);
  return (
    <Section
      title="Estimate of a label"
      summary={estimate === '' ? '' : `${estimateKey} ${String(chosen?.label).toLowerCase()}`}
    >
      <InlineFieldRow>
        <InlineField
          label="Estimate"
          labelWidth={labelWidth}
          htmlFor={id('estimate')}
          tooltip="Go writes no labels into heap profiles. An estimate splits their samples among the values of a label, and is always marked as one."
        >
          <Combobox
            id={id('estimate')}
            width={24}
            options={choices}
            value={estimate}
            onChange={({ value }) => onChange({ estimate: value })}
          />
        </InlineField>
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
        <InlineField
          label="Rules"
          labelWidth={labelWidth}
          htmlFor={id('estimateRules')}
          tooltip="One a line, the first that matches counts: shard\.acme => acme, or shard\.(\w+), whose group is the value."
        >
          <TextArea
            id={id('estimateRules')}
            key={estimateRules}
            cols={60}
            rows={3}
            defaultValue={estimateRules}
            placeholder="shard\.(\w+)"
            onBlur={({ currentTarget }) =>
              currentTarget.value !== estimateRules && onChange({ estimateRules: currentTarget.value })
            }
          />
        </InlineField>
      )}
    </Section>
  );
}
