import type { TimeRange } from '@grafana/data';
import { Button, InlineFieldRow, type ComboboxOption } from '@grafana/ui';
import React, { useMemo, useState } from 'react';
import type { PprofDataSource } from '../datasource';
import { LateCombobox } from './LateCombobox';
import { LabelledField, labelWidth, TextField } from './fields';
import type { FormProps } from './form';
import { LabelFilters } from './LabelFilters';
import { ownFields, readFields, writeFields, type SelectorFields } from './selectorFields';

interface Props extends FormProps {
  datasource: PprofDataSource;
  range: TimeRange | undefined;
  /** Stores a selector that cannot be run yet. */
  onStore: (selector: string) => void;
}

/** The selector: a field for the service and the profile, a row for each other label; or as text. */
export function SelectorRows(props: Props) {
  const { id, query, onChange } = props;
  const fields = readFields(query.selector);
  const [isText, setIsText] = useState(false);
  if (fields && !isText) {
    return <SelectorForm {...props} fields={fields} onText={() => setIsText(true)} />;
  }
  return (
    <InlineFieldRow>
      <TextField
        id={id('selector')}
        label="Selector"
        labelWidth={labelWidth}
        width={54}
        value={query.selector}
        placeholder={'{service="ingester"}'}
        onCommit={(selector) => onChange({ selector })}
      />
      {fields && (
        <Button variant="secondary" fill="text" icon="list-ul" onClick={() => setIsText(false)}>
          Edit as fields
        </Button>
      )}
    </InlineFieldRow>
  );
}

function SelectorForm({
  id,
  query,
  uses,
  datasource,
  range,
  fields,
  onChange,
  onStore,
  onText,
}: Props & { fields: SelectorFields; onText: () => void }) {
  const { values, sampleTypes } = useSuggestions(datasource, range);
  /** A filter that has no value yet is kept but not run: it would ask for samples without that label. */
  const changeFilters = (changed: SelectorFields) => {
    const selector = writeFields(changed);
    return changed.filters.every(({ value }) => value !== '') ? onChange({ selector }) : onStore(selector);
  };
  return (
    <>
      <InlineFieldRow>
        {ownFields.map((name) => (
          <SuggestedField
            key={name}
            id={id(name)}
            label={name === 'service' ? 'Service' : 'Profile'}
            labelWidth={name === 'service' ? labelWidth : undefined}
            placeholder="any"
            value={fields[name]}
            options={(typed) => values({ ...fields, [name]: '' }, name, typed)}
            onChange={(value) => onChange({ selector: writeFields({ ...fields, [name]: value }) })}
          />
        ))}
        {uses('sampleIndex') && (
          <SuggestedField
            id={id('sampleIndex')}
            label="Sample type"
            tooltip="pprof's sample_index."
            placeholder="default"
            value={query.sampleIndex}
            options={(typed) => sampleTypes(query.selector, typed)}
            onChange={(sampleIndex) => onChange({ sampleIndex })}
          />
        )}
      </InlineFieldRow>
      <LabelFilters
        id={id('filter')}
        filters={fields.filters}
        values={(label, typed, others) => values({ ...fields, filters: others }, label, typed)}
        onChange={(filters) => changeFilters({ ...fields, filters })}
      >
        <Button variant="secondary" fill="text" icon="pen" onClick={onText}>
          Edit as text
        </Button>
      </LabelFilters>
    </>
  );
}

interface SuggestedFieldProps {
  id: string;
  label: string;
  labelWidth?: number;
  tooltip?: string;
  placeholder: string;
  value: string;
  options: (typed: string) => Promise<ComboboxOption[]>;
  onChange: (value: string) => void;
}

/** A text with suggestions, which may be left empty. */
function SuggestedField({ id, label, tooltip, value, onChange, ...others }: SuggestedFieldProps) {
  const { labelWidth: width, ...choice } = others;
  return (
    <LabelledField id={id} label={label} labelWidth={width} tooltip={tooltip}>
      <LateCombobox
        id={id}
        width={22}
        isClearable
        createCustomValue
        value={value || null}
        onChange={(option) => onChange(option?.value ?? '')}
        {...choice}
      />
    </LabelledField>
  );
}

type Suggestions = Awaited<ReturnType<PprofDataSource['suggestions']>>;

/** Suggestions for labels and sample types, from the captures that a selector leaves. */
function useSuggestions(datasource: PprofDataSource, range: TimeRange | undefined) {
  const ask = useMemo(() => rememberLast((selector) => datasource.suggestions(selector, range)), [datasource, range]);
  return {
    /** Values of a label among the captures that the other conditions leave; for '' the labels there are. */
    async values(others: SelectorFields, label: string, typed: string): Promise<ComboboxOption[]> {
      const complete = { ...others, filters: others.filters.filter(({ value }) => value !== '') };
      const { labels } = await ask(writeFields(complete));
      const names = label === '' ? Object.keys(labels).filter(isRowLabel) : [];
      return matching(Object.hasOwn(labels, label) ? labels[label] : names, typed);
    },
    sampleTypes: async (selector: string, typed: string) => matching((await ask(selector)).sampleTypes, typed),
  };
}

/** Keeps the last answer: each key typed in a field asks for it again. */
function rememberLast(ask: (selector: string) => Promise<Suggestions>): (selector: string) => Promise<Suggestions> {
  let last: { selector: string; answer: Promise<Suggestions> } | undefined;
  return (selector) => {
    if (last?.selector !== selector) {
      // Without suggestions anything can still be typed, and the query itself says what is wrong.
      last = { selector, answer: ask(selector).catch((): Suggestions => ({ labels: {}, sampleTypes: [] })) };
    }
    return last.answer;
  };
}

/** Whether a label can have a row: it has no field of its own. */
const isRowLabel = (label: string) => !ownFields.some((name) => name === label);

function matching(all: readonly string[], typed: string): ComboboxOption[] {
  const wanted = typed.toLowerCase();
  return all.filter((value) => value.toLowerCase().includes(wanted)).map((value) => ({ value }));
}
