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
  return (
    <>
      {filters.map((filter, i) => {
        const others = filters.filter((_, k) => k !== i);
        return (
          <FilterRow
            key={i}
            id={`${id}-${i}`}
            row={i}
            filter={filter}
            values={(label, typed) => values(label, typed, others)}
            onChange={(changed) => onChange(filters.map((other, k) => (k === i ? changed : other)))}
            onRemove={() => onChange(others)}
          />
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

interface FilterRowProps {
  id: string;
  row: number;
  filter: Matcher;
  values: (label: string, typed: string) => Promise<ComboboxOption[]>;
  onChange: (filter: Matcher) => void;
  onRemove: () => void;
}

function FilterRow({ id, row, filter, values, onChange, onRemove }: FilterRowProps) {
  return (
    <InlineFieldRow>
      <HiddenLabel htmlFor={`${id}-name`} text={`Label ${row + 1} name`} />
      <HiddenLabel htmlFor={`${id}-op`} text={`Label ${row + 1} operator`} />
      <HiddenLabel htmlFor={`${id}-value`} text={`Label ${row + 1} value`} />
      <InlineField label={<RowLabel text={row === 0 ? 'Labels' : ''} />}>
        <LateCombobox
          id={`${id}-name`}
          width={22}
          createCustomValue
          value={filter.name}
          options={(typed) => values('', typed)}
          onChange={({ value: name }) => onChange({ ...filter, name })}
        />
      </InlineField>
      <LateCombobox
        id={`${id}-op`}
        width={10}
        options={operators}
        value={filter.op}
        onChange={({ value: op }) => onChange({ ...filter, op })}
      />
      <LateCombobox
        id={`${id}-value`}
        width={32}
        createCustomValue
        value={filter.value}
        options={(typed) => values(filter.name, typed)}
        onChange={({ value }) => onChange({ ...filter, value })}
      />
      <Button aria-label={`Remove label ${row + 1}`} icon="times" variant="secondary" fill="text" onClick={onRemove} />
    </InlineFieldRow>
  );
}
