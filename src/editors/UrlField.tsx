import { Field, Input } from '@grafana/ui';
import React from 'react';

interface Props {
  id: string;
  label: string;
  description: string;
  placeholder: string;
  required?: boolean;
  value: string;
  /** Given what was entered without spaces around it and slashes at its end. */
  onChange: (url: string) => void;
}

/** An address of the settings. */
export const UrlField = ({ id, label, description, placeholder, required, value, onChange }: Props) => (
  <Field
    label={label}
    htmlFor={id}
    description={description}
    required={required}
    invalid={value !== '' && !/^https?:\/\/[^\s/]+/.test(value)}
    error="A URL starts with https:// or http://."
  >
    <Input
      id={id}
      width={80}
      placeholder={placeholder}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value.trim().replace(/\/+$/, ''))}
    />
  </Field>
);
