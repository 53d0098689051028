import { InlineFieldRow, InlineLabel, InlineSwitch } from '@grafana/ui';
import React from 'react';
import {
  defaultReportOptions,
  reportOptions,
  setFlags,
  type ReportOption,
  type ReportOptions,
} from '../fields/reportOptions';
import type { FormProps } from './form';
import { optionGroups, optionTexts } from './optionTexts';
import { ChoiceField, LabelledField, labelWidth, Section, TextField } from './fields';

/** Options with a place of their own in the editor, and one that only text reports have. */
const elsewhere: ReadonlySet<keyof ReportOptions> = new Set([
  'sampleIndex',
  'focus',
  'ignore',
  'tagRoot',
  'compactLabels',
] as const);

/** Every other option of pprof that the view uses, drawn from the table of options; closed, it says what is set. */
export function OptionFields({ id, query, uses, onChange }: FormProps) {
  const shown = reportOptions.filter(({ field }) => !elsewhere.has(field) && uses(field));
  const set: ReportOptions = {
    ...defaultReportOptions,
    ...Object.fromEntries(shown.map(({ field }) => [field, query[field]])),
  };
  return (
    <Section title="Options of pprof" summary={setFlags(set).join(', ')}>
      {optionGroups
        .filter((group) => shown.some((option) => optionTexts[option.field].group === group))
        .map((group) => (
          // Lines that wrap stay beside their label.
          <div key={group} style={{ display: 'flex' }}>
            <InlineLabel width={labelWidth}>{group}</InlineLabel>
            <InlineFieldRow style={{ flex: 1 }}>
              {shown
                .filter((option) => optionTexts[option.field].group === group)
                .map((option) => (
                  <OptionField
                    key={option.field}
                    id={id(option.field)}
                    option={option}
                    value={query[option.field]}
                    onChange={(value) => onChange({ [option.field]: value })}
                  />
                ))}
            </InlineFieldRow>
          </div>
        ))}
    </Section>
  );
}

interface FieldProps {
  id: string;
  option: ReportOption;
  value: ReportOptions[keyof ReportOptions];
  onChange: (value: ReportOptions[keyof ReportOptions]) => void;
}

function OptionField({ id, option, value, onChange }: FieldProps) {
  const { label, help } = optionTexts[option.field];
  const { flag } = option;
  const tooltip = `${help} pprof's ${flag}.`;
  switch (option.kind) {
    case 'switch':
      return (
        <LabelledField id={id} label={label} tooltip={tooltip}>
          <InlineSwitch
            id={id}
            value={Boolean(value)}
            onChange={({ currentTarget }) => onChange(currentTarget.checked)}
          />
        </LabelledField>
      );
    case 'choice':
      return (
        <ChoiceField
          id={id}
          label={label}
          tooltip={tooltip}
          width={18}
          options={option.choices.map((choice) => ({ value: choice }))}
          value={String(value)}
          onChange={onChange}
        />
      );
    case 'number':
      return (
        <TextField
          id={id}
          label={label}
          type="number"
          width={12}
          tooltip={tooltip}
          value={String(value)}
          onCommit={(text) => onChange(text === '' ? defaultReportOptions[option.field] : Number(text))}
        />
      );
    default:
      return (
        <TextField
          id={id}
          label={label}
          width={option.field === 'unit' ? 12 : 24}
          tooltip={tooltip}
          value={String(value)}
          onCommit={(text) => onChange(text === '' ? defaultReportOptions[option.field] : text)}
        />
      );
  }
}
