import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Field, FieldSet, Input } from '@grafana/ui';
import React from 'react';
import type { PprofOptions, PprofSecrets } from '../types';
import { AuthFields, type SecretProps } from './AuthFields';
import { GatewayFields } from './GatewayFields';
import { LayoutFields } from './LayoutFields';
import { LinkFields } from './LinkFields';
import { PyroscopeFields } from './PyroscopeFields';
import { SourceFields } from './SourceFields';
import { TlsFields } from './TlsFields';
import { UrlField } from './UrlField';

type Props = DataSourcePluginOptionsEditorProps<PprofOptions, PprofSecrets>;

interface FieldsProps {
  jsonData: PprofOptions;
  setJson: (patch: Partial<PprofOptions>) => void;
}

export function ConfigEditor({ options, onOptionsChange }: Props) {
  const { jsonData } = options;
  const setJson = (patch: Partial<PprofOptions>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, ...patch } });
  const secret = secretsOf({ options, onOptionsChange });
  return (
    <>
      <FieldSet label="Bucket">
        <BucketFields jsonData={jsonData} setJson={setJson} />
      </FieldSet>

      <FieldSet label="Key layout">
        <LayoutFields options={options} setJson={setJson} />
      </FieldSet>

      <FieldSet label="Authentication">
        <AuthFields options={options} onOptionsChange={onOptionsChange} secret={secret} />
      </FieldSet>

      <FieldSet label="TLS">
        <TlsFields jsonData={jsonData} setJson={setJson} secret={secret} />
      </FieldSet>

      <FieldSet label="Gateway">
        <GatewayFields jsonData={jsonData} setJson={setJson} secret={secret} />
      </FieldSet>

      <FieldSet label="Execution traces">
        <Field
          label="Keys of tenants"
          htmlFor="traceTenantKeys"
          description="What trace.Log, a region or a task says under one of them is the label tenant. Commas between them."
        >
          <Input
            id="traceTenantKeys"
            width={40}
            placeholder="tenant, tenant_id"
            value={jsonData.traceTenantKeys ?? ''}
            onChange={({ currentTarget }) => setJson({ traceTenantKeys: currentTarget.value || undefined })}
          />
        </Field>
      </FieldSet>

      <FieldSet label="Fleet">
        <PyroscopeFields jsonData={jsonData} setJson={setJson} secret={secret} />
      </FieldSet>

      <FieldSet label="Links">
        <LinkFields jsonData={jsonData} setJson={setJson} />
      </FieldSet>

      <FieldSet label="Source">
        <SourceFields jsonData={jsonData} setJson={setJson} />
      </FieldSet>

      <FieldSet label="Limits">
        <LimitField
          id="maxObjectMiB"
          label="Largest object (MiB)"
          description="Larger ones are not opened; the panel says so."
          placeholder="128"
          value={jsonData.maxObjectMiB}
          onChange={(maxObjectMiB) => setJson({ maxObjectMiB })}
        />
        <LimitField
          id="maxCaptures"
          label="Most captures"
          description="Of one query that has no limit of its own. Of more a sample is opened, spread evenly over time and instances; the panel says which."
          placeholder="200"
          value={jsonData.maxCaptures}
          onChange={(maxCaptures) => setJson({ maxCaptures })}
        />
        <LimitField
          id="maxLists"
          label="Most requests of a listing"
          description="Of up to 1,000 keys each; a listing that needs more stops, and the panel says so."
          placeholder="200"
          value={jsonData.maxLists}
          onChange={(maxLists) => setJson({ maxLists })}
        />
        <LimitField
          id="workers"
          label="Workers"
          description="That decode and merge beside each other, at most 8. Empty: one less than the browser has processors."
          placeholder="automatic"
          value={jsonData.workers}
          onChange={(workers) => setJson({ workers: workers && Math.min(8, Math.trunc(workers)) })}
        />
        <LimitField
          id="timeout"
          label="Time-out (s)"
          description="A request of which nothing comes for so long is given up, by Grafana's proxy and by the panel."
          placeholder="30"
          value={jsonData.timeout}
          onChange={(timeout) => setJson({ timeout })}
        />
      </FieldSet>
    </>
  );
}

/** The inputs of secrets, by name. */
const secretsOf =
  ({ options, onOptionsChange }: Props) =>
  (name: string): SecretProps => {
    const { secureJsonFields = {}, secureJsonData = {} } = options;
    return {
      isConfigured: Boolean(secureJsonFields[name]),
      value: secureJsonData[name] ?? '',
      onReset: () =>
        onOptionsChange({
          ...options,
          secureJsonFields: { ...secureJsonFields, [name]: false },
          secureJsonData: { ...secureJsonData, [name]: '' },
        }),
      onChange: ({ currentTarget }) =>
        onOptionsChange({ ...options, secureJsonData: { ...secureJsonData, [name]: currentTarget.value } }),
    };
  };

function BucketFields({ jsonData: { bucketUrl = '', prefix = '' }, setJson }: FieldsProps) {
  return (
    <>
      <UrlField
        id="bucketUrl"
        label="Bucket URL"
        description="https://s3.eu-west-1.amazonaws.com/profiles or https://profiles.s3.eu-west-1.amazonaws.com. Only GET requests are ever sent."
        required
        placeholder="https://s3.eu-west-1.amazonaws.com/profiles"
        value={bucketUrl}
        onChange={(bucketUrl) => setJson({ bucketUrl })}
      />
      <Field label="Prefix" htmlFor="prefix" description="Listing never leaves it. Empty for the whole bucket.">
        <Input
          id="prefix"
          width={40}
          placeholder="prod/"
          value={prefix}
          onChange={({ currentTarget }) => setJson({ prefix: currentTarget.value.trim() })}
        />
      </Field>
    </>
  );
}

interface LimitProps {
  id: string;
  label: string;
  description: string;
  /** The limit where none is set. */
  placeholder: string;
  value: number | undefined;
  onChange: (value: number | undefined) => void;
}

function LimitField({ id, label, description, placeholder, value, onChange }: LimitProps) {
  return (
    <Field label={label} htmlFor={id} description={description}>
      <Input
        id={id}
        type="number"
        min={1}
        width={20}
        placeholder={placeholder}
        value={value ?? ''}
        onChange={({ currentTarget }) => onChange(Number(currentTarget.value) || undefined)}
      />
    </Field>
  );
}
