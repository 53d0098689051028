import { InlineFieldRow, InlineSwitch, type ComboboxOption } from '@grafana/ui';
import React from 'react';
import { defaultBenign, type SignatureChoice } from '../fields/goroutineOptions';
import { ChoiceField, LabelledField, labelWidth, LinesField, Section, TextField } from './fields';
import type { FormProps } from './form';

const signatures: Array<ComboboxOption<SignatureChoice>> = [
  { value: 'lines', label: 'Lines' },
  { value: 'functions', label: 'Functions', description: 'for versions of a program, whose lines differ' },
];

/** Which goroutines, and what makes a group of them. */
export function GoroutineFields(props: FormProps) {
  const { id, query, view, uses, onChange } = props;
  return (
    <>
      <TextField
        id={id('search')}
        label="Search"
        labelWidth={labelWidth}
        width={60}
        value={query.search}
        placeholder={'state == "select" && duration > 10 && contains(trace, "json")'}
        tooltip="Names: id, dups, duration (minutes), lines, state, trace, creator and labels. Functions: contains, lower, upper. Operators: == != < <= > >= =~ !~ && || !. A backslash in a quoted text stands for itself."
        onCommit={(search) => onChange({ search })}
      />
      {(view.opens === 'goroutines' || uses('benign')) && <SignatureFields {...props} />}
      {uses('benign') && <BenignField {...props} />}
    </>
  );
}

function SignatureFields({ id, query, uses, onChange }: FormProps) {
  return (
    <InlineFieldRow>
      <LabelledField
        id={id('collapseStd')}
        label="Collapse std"
        labelWidth={labelWidth}
        tooltip="Only calls of the program tell stacks apart, not those of the runtime and the standard library."
      >
        <InlineSwitch
          id={id('collapseStd')}
          value={query.collapseStd}
          onChange={({ currentTarget }) => onChange({ collapseStd: currentTarget.checked })}
        />
      </LabelledField>
      <ChoiceField
        id={id('signature')}
        label="Signature"
        tooltip="What tells two calls apart."
        width={18}
        options={signatures}
        value={query.signature}
        onChange={(signature) => onChange({ signature })}
      />
      {uses('groupBy') && (
        <TextField
          id={id('groupBy')}
          label="Group by"
          value={query.groupBy}
          width={22}
          placeholder="e.g. tenant_id"
          tooltip="Labels that split a group, separated by commas: tenant_id, state_class, …"
          onCommit={(groupBy) => onChange({ groupBy })}
        />
      )}
    </InlineFieldRow>
  );
}

function BenignField({ id, query: { benign }, onChange }: FormProps) {
  return (
    <Section title="Known benign" summary={benign === defaultBenign ? '' : 'changed'}>
      <LinesField
        id={id('benign')}
        label="Functions"
        rows={8}
        value={benign}
        tooltip="Regular expressions, one a line, on the innermost function of a signature: goroutines that stay without being a leak. They are listed last. Empty the field and leave it to get the default list back."
        onCommit={(text) => onChange({ benign: text.trim() || defaultBenign })}
      />
    </Section>
  );
}
