import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Button, Field, Input, SecretInput } from '@grafana/ui';
import React from 'react';
import type { AuthMethod, PprofOptions, PprofSecrets } from '../types';
import { LateCombobox } from './LateCombobox';

const methods: Array<{ value: AuthMethod; label: string; description?: string }> = [
  { value: 'none', label: 'No authentication' },
  { value: 'basic', label: 'Basic' },
  { value: 'bearer', label: 'Bearer token' },
  { value: 'headers', label: 'Custom headers' },
];
const bearerPrefix = 'Bearer ';

type Options = DataSourcePluginOptionsEditorProps<PprofOptions, PprofSecrets>['options'];

interface Props {
  options: Options;
  onOptionsChange: (options: Options) => void;
  secret: (name: string) => SecretProps;
}

/** Props of the input of a secret: Grafana tells a browser that one is set, never which. */
export interface SecretProps {
  isConfigured: boolean;
  value: string;
  onReset: () => void;
  onChange: React.FormEventHandler<HTMLInputElement | HTMLTextAreaElement>;
}

export function AuthFields(props: Props) {
  const { options, onOptionsChange } = props;
  const method = authMethod(options);
  return (
    <>
      <Field
        label="Method"
        htmlFor="auth"
        description="Kept in Grafana's server, never sent to a browser. A private AWS bucket is read through the gateway; see the README."
      >
        <LateCombobox
          id="auth"
          width={40}
          options={methods}
          value={method}
          onChange={({ value }) => onOptionsChange(withMethod(options, value))}
        />
      </Field>
      {method === 'basic' && <BasicFields {...props} />}
      {method === 'bearer' && <BearerField {...props} />}
      {method === 'headers' && <HeaderFields {...props} />}
    </>
  );
}

function BasicFields({ options, onOptionsChange, secret }: Props) {
  return (
    <>
      <Field label="User" htmlFor="basicAuthUser">
        <Input
          id="basicAuthUser"
          width={40}
          value={options.basicAuthUser ?? ''}
          onChange={({ currentTarget }) => onOptionsChange({ ...options, basicAuthUser: currentTarget.value })}
        />
      </Field>
      <Field label="Password" htmlFor="basicAuthPassword">
        <SecretInput id="basicAuthPassword" width={40} {...secret('basicAuthPassword')} />
      </Field>
    </>
  );
}

function BearerField({ options, onOptionsChange, secret }: Props) {
  const token = secret('httpHeaderValue1');
  const setToken = (value: string) =>
    onOptionsChange({
      ...options,
      secureJsonData: { ...options.secureJsonData, httpHeaderValue1: value && bearerPrefix + value.trim() },
    });
  return (
    <Field label="Token" htmlFor="bearerToken" description="Sent as Authorization: Bearer …">
      <SecretInput
        id="bearerToken"
        width={60}
        {...token}
        value={token.value.replace(bearerPrefix, '')}
        onChange={({ currentTarget }) => setToken(currentTarget.value)}
      />
    </Field>
  );
}

function HeaderFields({ options, onOptionsChange, secret }: Props) {
  const names = headerNames(options.jsonData);
  const setName = (number: number, name: string) =>
    onOptionsChange({ ...options, jsonData: { ...options.jsonData, [`httpHeaderName${number}`]: name } });
  return (
    <>
      {names.map((name, i) => (
        <React.Fragment key={i}>
          <Field label={`Header ${i + 1}`} htmlFor={`headerName${i + 1}`}>
            <Input
              id={`headerName${i + 1}`}
              width={40}
              value={name}
              onChange={({ currentTarget }) => setName(i + 1, currentTarget.value.trim())}
            />
          </Field>
          <Field label={`Value ${i + 1}`} htmlFor={`headerValue${i + 1}`}>
            <SecretInput id={`headerValue${i + 1}`} width={60} {...secret(`httpHeaderValue${i + 1}`)} />
          </Field>
        </React.Fragment>
      ))}
      <Button size="sm" variant="secondary" icon="plus" onClick={() => setName(names.length + 1, '')}>
        Add header
      </Button>{' '}
      {names.length > 1 && (
        // Only the last: headers are numbered, and a stored value cannot be read to move it to another number.
        <Button
          size="sm"
          variant="secondary"
          icon="times"
          onClick={() => onOptionsChange(withoutHeaders(options, names.length))}
        >
          Remove header {names.length}
        </Button>
      )}
    </>
  );
}

/** The method that was chosen; where a data source was provisioned without one, what its fields say. */
function authMethod({ basicAuth, jsonData }: Options): AuthMethod {
  return jsonData.authMethod ?? (basicAuth ? 'basic' : jsonData.httpHeaderName1 ? 'headers' : 'none');
}

/** Names of the headers 1, 2, … up to the first gap, as Grafana's proxy reads them. */
function headerNames(jsonData: PprofOptions): string[] {
  const names: string[] = [];
  for (let name = jsonData.httpHeaderName1; name !== undefined; name = jsonData[`httpHeaderName${names.length + 1}`]) {
    names.push(name);
  }
  return names;
}

/** Credentials of the former method are forgotten, so that none is sent that is no longer shown. */
function withMethod(options: Options, method: AuthMethod): Options {
  const bare = withoutHeaders(options, 1);
  const header = { bearer: 'Authorization', headers: '', none: undefined, basic: undefined }[method];
  return {
    ...bare,
    basicAuth: method === 'basic',
    jsonData: { ...bare.jsonData, authMethod: method, httpHeaderName1: header },
  };
}

/** Without the headers from this number on, their stored values included. */
function withoutHeaders(options: Options, from: number): Options {
  const jsonData = { ...options.jsonData };
  const secureJsonData = { ...options.secureJsonData };
  const secureJsonFields = { ...options.secureJsonFields };
  for (let number = from; jsonData[`httpHeaderName${number}`] !== undefined; number++) {
    jsonData[`httpHeaderName${number}`] = undefined;
    secureJsonData[`httpHeaderValue${number}`] = '';
    secureJsonFields[`httpHeaderValue${number}`] = false;
  }
  return { ...options, jsonData, secureJsonData, secureJsonFields };
}
