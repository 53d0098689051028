import { Button, InlineField, InlineFieldRow, InlineLabel, type ComboboxOption } from '@grafana/ui';
import React from 'react';
import type { Matcher, MatchOp } from '../text/selector';
import { LateCombobox } from './LateCombobox';
import { HiddenLabel, labelWidth } from './fields';

const operators = (['=', '!=', '=~', '!~'] as const).map((value): ComboboxOption<MatchOp> => ({ value, label: value }));

/** Of the rows, not the name of the first field. */
const RowLabel = ({ text }: { text: string }) => (
  <InlineLabel as="span" width={labelWidth}>
    {text}
  </InlineLabel>
);

interface LabelFiltersProps {
  id: string;
  filters: readonly Matcher[];
  values: (label: string, typed: string, others: readonly Matcher[]) => Promise<ComboboxOption[]>;
  onChange: (filters: readonly Matcher[]) => void;
  /** Stands behind the last row. */
  children: React.ReactNode;
}

/** Conditions on labels, a row each, and a field that adds one. */
export function LabelFilters({ id, filters, values, onChange, children }: LabelFiltersProps) {
  const replace = (at: number, patch: Partial<Matcher>) =>
    onChange(filters.map((filter, i) => (i === at ? { ...filter, ...patch } : filter)));
  return (
    <>
      {filters.map((filter, i) => {
        const others = filters.filter((_, k) => k !== i);
        return (
          <InlineFieldRow key={i}>
            <HiddenLabel htmlFor={`${id}-${i}-name`} text={`Label ${i + 1} name`} />
            <HiddenLabel htmlFor={`${id}-${i}-op`} text={`Label ${i + 1} operator`} />
            <HiddenLabel htmlFor={`${id}-${i}-value`} text={`Label ${i + 1} value`} />
            <InlineField label={<RowLabel text={i === 0 ? 'Labels' : ''} />}>
              <LateCombobox
                id={`${id}-${i}-name`}
                width={22}
                createCustomValue
                value={filter.name}
                options={(typed) => values('', typed, others)}
                onChange={(option) => replace(i, { name: option.value })}
              />
            </InlineField>
            <LateCombobox
              id={`${id}-${i}-op`}
              width={10}
              options={operators}
              value={filter.op}
              onChange={({ value }) => replace(i, { op: value })}
            />
            <LateCombobox
              id={`${id}-${i}-value`}
              width={32}
              createCustomValue
              value={filter.value}
              options={(typed) => values(filter.name, typed, others)}
              onChange={(option) => replace(i, { value: option.value })}
            />
            <Button
              aria-label={`Remove label ${i + 1}`}
              icon="times"
              variant="secondary"
              fill="text"
              onClick={() => onChange(others)}
            />
          </InlineFieldRow>
        );
      })}
      <InlineFieldRow>
        <HiddenLabel htmlFor={`${id}-add`} text="Add label" />
        <InlineField label={<RowLabel text={filters.length === 0 ? 'Labels' : ''} />}>
          <LateCombobox
            id={`${id}-add`}
            width={22}
            createCustomValue
            placeholder="+ filter by label"
            value={null}
            options={(typed) => values('', typed, filters)}
            onChange={(option) => option && onChange([...filters, { name: option.value, op: '=', value: '' }])}
          />
        </InlineField>
        {children}
      </InlineFieldRow>
    </>
  );
}
