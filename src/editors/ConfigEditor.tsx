import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Field, FieldSet, Input } from '@grafana/ui';
import React from 'react';
import type { PprofOptions, PprofSecrets } from '../types';
import { AuthFields } from './AuthFields';
import { LayoutFields } from './LayoutFields';
import { LinkFields } from './LinkFields';
import { SourceFields } from './SourceFields';
import { TlsFields } from './TlsFields';

type Props = DataSourcePluginOptionsEditorProps<PprofOptions, PprofSecrets>;

export function ConfigEditor({ options, onOptionsChange }: Props) {
  const { jsonData, secureJsonFields = {}, secureJsonData = {} } = options;
  const setJson = (patch: Partial<PprofOptions>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, ...patch } });
  const setSecret = (name: string, value: string) =>
    onOptionsChange({ ...options, secureJsonData: { ...secureJsonData, [name]: value } });
  const resetSecret = (name: string) =>
    onOptionsChange({
      ...options,
      secureJsonFields: { ...secureJsonFields, [name]: false },
      secureJsonData: { ...secureJsonData, [name]: '' },
    });
  const secret = (name: string) => ({
    isConfigured: Boolean(secureJsonFields[name]),
    value: secureJsonData[name] ?? '',
    onReset: () => resetSecret(name),
    onChange: ({ currentTarget }: React.FormEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      setSecret(name, currentTarget.value),
  });

  return (
    <>
      <FieldSet label="Bucket">
        <Field
          label="Bucket URL"
          htmlFor="bucketUrl"
          description="https://s3.eu-west-1.amazonaws.com/profiles or https://profiles.s3.eu-west-1.amazonaws.com. Only GET requests are ever sent."
          required
          invalid={Boolean(jsonData.bucketUrl) && !/^https?:\/\/[^\s/]+/.test(jsonData.bucketUrl ?? '')}
          error="A URL starts with https:// or http://."
        >
          <Input
            id="bucketUrl"
            width={80}
            placeholder="https://s3.eu-west-1.amazonaws.com/profiles"
            value={jsonData.bucketUrl ?? ''}
            onChange={({ currentTarget }) => setJson({ bucketUrl: currentTarget.value.trim().replace(/\/+$/, '') })}
          />
        </Field>
        <Field label="Prefix" htmlFor="prefix" description="Listing never leaves it. Empty for the whole bucket.">
          <Input
            id="prefix"
            width={40}
            placeholder="prod/"
            value={jsonData.prefix ?? ''}
            onChange={({ currentTarget }) => setJson({ prefix: currentTarget.value.trim() })}
          />
        </Field>
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

      <FieldSet label="Links">
        <LinkFields jsonData={jsonData} setJson={setJson} />
      </FieldSet>

      <FieldSet label="Source">
        <SourceFields jsonData={jsonData} setJson={setJson} />
      </FieldSet>

      <FieldSet label="Limits">
        <Field
          label="Largest object (MiB)"
          htmlFor="maxObjectMiB"
          description="Larger ones are not opened; the panel says so."
        >
          <Input
            id="maxObjectMiB"
            type="number"
            min={1}
            width={20}
            placeholder="128"
            value={jsonData.maxObjectMiB ?? ''}
            onChange={({ currentTarget }) => setJson({ maxObjectMiB: Number(currentTarget.value) || undefined })}
          />
        </Field>
        <Field
          label="Most captures"
          htmlFor="maxCaptures"
          description="Of one query; the newest stay and the panel says how many were left out."
        >
          <Input
            id="maxCaptures"
            type="number"
            min={1}
            width={20}
            placeholder="200"
            value={jsonData.maxCaptures ?? ''}
            onChange={({ currentTarget }) => setJson({ maxCaptures: Number(currentTarget.value) || undefined })}
          />
        </Field>
      </FieldSet>
    </>
  );
}
