import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import {
  Button,
  Icon,
  InlineField,
  InlineLabel,
  Input,
  TextArea,
  Tooltip,
  useStyles2,
  type ComboboxOption,
} from '@grafana/ui';
import React, { forwardRef, useEffect, useState, type ReactElement } from 'react';
import { LateCombobox } from './LateCombobox';

/** Of the labels that begin a row. */
export const labelWidth = 16;

/** A name for screen readers; Combobox takes no aria-label. */
export const HiddenLabel = ({ htmlFor, text }: { htmlFor: string; text: string }) => (
  <label htmlFor={htmlFor} className="sr-only">
    {text}
  </label>
);

interface LabelledFieldProps {
  /** Of the input. */
  id: string;
  label: string;
  tooltip?: string;
  labelWidth?: number;
  grow?: boolean;
  children: ReactElement<{ invalid?: boolean; disabled?: boolean; loading?: boolean }>;
}

/**
 * Grafana's InlineField, whose tooltip is no tab stop of its own: half of the stops of an editor would be icons that a screen
 * reader cannot name. The text describes the input, and is shown where the pointer is on the icon or Tab comes to the input.
 */
export function LabelledField({ id, label, tooltip, labelWidth, grow, children }: LabelledFieldProps) {
  const styles = useStyles2(getStyles);
  const [isReached, setIsReached] = useState(false);
  const tipId = `${id}-tip`;
  useEffect(() => {
    // Combobox takes no aria-describedby.
    const input = tooltip && document.getElementById(id);
    if (input) {
      input.setAttribute('aria-describedby', tipId);
    }
  });
  const labelElement = (
    <InlineLabel htmlFor={id} width={labelWidth ?? 'auto'}>
      {label}
      {tooltip && (
        <Tooltip placement="top" content={tooltip} show={isReached || undefined}>
          <TipIcon className={styles.icon} />
        </Tooltip>
      )}
    </InlineLabel>
  );
  return (
    <div
      className={styles.field}
      style={grow ? { flexGrow: 1 } : undefined}
      onKeyUp={({ key }) => key === 'Tab' && setIsReached(true)}
      onKeyDown={() => setIsReached(false)}
      onBlur={() => setIsReached(false)}
    >
      <InlineField grow={grow} label={labelElement}>
        {children}
      </InlineField>
      {tooltip && (
        <span id={tipId} className="sr-only">
          {tooltip}
        </span>
      )}
    </div>
  );
}

/** What a Tooltip hangs on; it is not told to be a tab stop. */
const TipIcon = forwardRef<HTMLSpanElement, React.HTMLAttributes<HTMLSpanElement>>(function TipIcon(
  { tabIndex, ...props },
  ref
) {
  return (
    <span ref={ref} {...props} aria-hidden>
      <Icon name="info-circle" size="sm" />
    </span>
  );
});

const getStyles = (theme: GrafanaTheme2) => ({
  field: css({ display: 'flex' }),
  icon: css({ marginLeft: theme.spacing(1.25), color: theme.colors.text.secondary, lineHeight: 1 }),
});

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
    <LabelledField id={id} label={label} labelWidth={props.labelWidth} tooltip={tooltip}>
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
    </LabelledField>
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
    <LabelledField id={id} label={label} labelWidth={props.labelWidth} tooltip={tooltip}>
      <LateCombobox
        id={id}
        width={width}
        options={options}
        value={value}
        onChange={(chosen) => onChange(chosen.value)}
      />
    </LabelledField>
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
    <LabelledField id={id} label={label} labelWidth={labelWidth} tooltip={tooltip}>
      <TextArea
        id={id}
        key={value}
        cols={80}
        rows={rows}
        defaultValue={value}
        placeholder={placeholder}
        onBlur={({ currentTarget }) => currentTarget.value !== value && onCommit(currentTarget.value)}
      />
    </LabelledField>
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
