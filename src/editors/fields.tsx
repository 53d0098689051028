import { Button, Combobox, InlineField, Input, TextArea, type ComboboxOption } from '@grafana/ui';
import React, { useState } from 'react';

/** Of the labels that begin a row. */
export const labelWidth = 16;

/** A name for screen readers; Combobox takes no aria-label. */
export const HiddenLabel = ({ htmlFor, text }: { htmlFor: string; text: string }) => (
  <label htmlFor={htmlFor} className="sr-only">
    {text}
  </label>
);

interface TextFieldProps {
  id: string;
  label: string;
  value: string;
  type?: 'text' | 'number';
  placeholder?: string;
  tooltip?: string;
  labelWidth?: number;
  width?: number;
  onCommit: (value: string) => void;
}

/** A text that counts when the field is left or Enter is pressed, so that no query runs per keystroke. */
export function TextField(props: TextFieldProps) {
  const { id, label, value, type, placeholder, tooltip, width = 30, onCommit } = props;
  const commit = (text: string) => text.trim() !== value && onCommit(text.trim());
  return (
    <InlineField label={label} labelWidth={props.labelWidth} htmlFor={id} tooltip={tooltip}>
      <Input
        id={id}
        key={value}
        type={type}
        step="any"
        width={width}
        defaultValue={value}
        placeholder={placeholder}
        onBlur={({ currentTarget }) => commit(currentTarget.value)}
        onKeyDown={({ key, currentTarget }) => key === 'Enter' && commit(currentTarget.value)}
      />
    </InlineField>
  );
}

interface ChoiceFieldProps<T extends string> {
  id: string;
  label: string;
  value: T;
  options: Array<ComboboxOption<T>>;
  tooltip?: string;
  labelWidth?: number;
  width?: number;
  onChange: (value: T) => void;
}

/** One of a few values. */
export function ChoiceField<T extends string>(props: ChoiceFieldProps<T>) {
  const { id, label, value, options, tooltip, width = 24, onChange } = props;
  return (
    <InlineField label={label} labelWidth={props.labelWidth} htmlFor={id} tooltip={tooltip}>
      <Combobox id={id} width={width} options={options} value={value} onChange={(chosen) => onChange(chosen.value)} />
    </InlineField>
  );
}

interface LinesFieldProps {
  id: string;
  label: string;
  value: string;
  placeholder?: string;
  tooltip: string;
  rows: number;
  onCommit: (value: string) => void;
}

/** A text of several lines that counts when the field is left. */
export function LinesField({ id, label, value, placeholder, tooltip, rows, onCommit }: LinesFieldProps) {
  return (
    <InlineField label={label} labelWidth={labelWidth} htmlFor={id} tooltip={tooltip}>
      <TextArea
        id={id}
        key={value}
        cols={80}
        rows={rows}
        defaultValue={value}
        placeholder={placeholder}
        onBlur={({ currentTarget }) => currentTarget.value !== value && onCommit(currentTarget.value)}
      />
    </InlineField>
  );
}

interface SectionProps {
  title: string;
  /** What is set inside, for when it is closed. */
  summary: string;
  children: React.ReactNode;
}

/** Fields that are out of the way until they are asked for. */
export function Section({ title, summary, children }: SectionProps) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div>
      <Button
        variant="secondary"
        fill="text"
        size="sm"
        icon={isOpen ? 'angle-down' : 'angle-right'}
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        {summary === '' ? title : `${title}: ${summary}`}
      </Button>
      {isOpen && (
        <div role="group" aria-label={title}>
          {children}
        </div>
      )}
    </div>
  );
}
