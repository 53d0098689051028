import { css } from '@emotion/css';
import type { DataSourcePluginOptionsEditorProps, GrafanaTheme2 } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import { Alert, Button, Combobox, Field, FieldSet, Input, SecretTextArea, Switch, useStyles2 } from '@grafana/ui';
import React, { useEffect, useState } from 'react';
import type { PprofDataSource } from '../datasource';
import { compileLayout, presets } from '../store/layout';
import type { PprofOptions, PprofSecrets } from '../types';
import { AuthFields } from './AuthFields';
import { LinkFields } from './LinkFields';

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
        <Field
          label="Skip certificate check"
          htmlFor="tlsSkipVerify"
          description="For tests only: anyone in between can then read and change profiles."
        >
          <Switch
            id="tlsSkipVerify"
            value={Boolean(jsonData.tlsSkipVerify)}
            onChange={({ currentTarget }) => setJson({ tlsSkipVerify: currentTarget.checked })}
          />
        </Field>
        <Field label="Own CA certificate" htmlFor="tlsAuthWithCACert">
          <Switch
            id="tlsAuthWithCACert"
            value={Boolean(jsonData.tlsAuthWithCACert)}
            onChange={({ currentTarget }) => setJson({ tlsAuthWithCACert: currentTarget.checked })}
          />
        </Field>
        {Boolean(jsonData.tlsAuthWithCACert) && (
          <Field label="CA certificate" htmlFor="tlsCACert">
            <SecretTextArea
              id="tlsCACert"
              rows={4}
              cols={60}
              placeholder="-----BEGIN CERTIFICATE-----"
              {...secret('tlsCACert')}
            />
          </Field>
        )}
        <Field label="Client certificate" htmlFor="tlsAuth">
          <Switch
            id="tlsAuth"
            value={Boolean(jsonData.tlsAuth)}
            onChange={({ currentTarget }) => setJson({ tlsAuth: currentTarget.checked })}
          />
        </Field>
        {Boolean(jsonData.tlsAuth) && (
          <>
            <Field label="Certificate" htmlFor="tlsClientCert">
              <SecretTextArea
                id="tlsClientCert"
                rows={4}
                cols={60}
                placeholder="-----BEGIN CERTIFICATE-----"
                {...secret('tlsClientCert')}
              />
            </Field>
            <Field label="Key" htmlFor="tlsClientKey">
              <SecretTextArea
                id="tlsClientKey"
                rows={4}
                cols={60}
                placeholder="-----BEGIN PRIVATE KEY-----"
                {...secret('tlsClientKey')}
              />
            </Field>
          </>
        )}
      </FieldSet>

      <FieldSet label="Links">
        <LinkFields jsonData={jsonData} setJson={setJson} />
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

interface LayoutFieldsProps {
  options: Props['options'];
  setJson: (patch: Partial<PprofOptions>) => void;
}

const customLayout = { value: 'custom', label: 'Template or regular expression', description: 'your own' };

function LayoutFields({ options, setJson }: LayoutFieldsProps) {
  const { layout = 'default', layoutTemplate = '', prefix = '' } = options.jsonData;
  const preset = presets.find(({ id }) => id === layout);
  const template = preset ? preset.template : layoutTemplate;
  let problem = '';
  try {
    compileLayout(template);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  return (
    <>
      <Field label="Layout" htmlFor="layout" description="How the names of objects say what they hold.">
        <Combobox
          id="layout"
          width={40}
          options={[
            ...presets.map(({ id, label, example }) => ({ value: id, label, description: example })),
            customLayout,
          ]}
          value={layout}
          onChange={({ value }) => setJson({ layout: value })}
        />
      </Field>
      <Field
        label="Template"
        htmlFor="layoutTemplate"
        description="{time}, {value} and {limit} in bytes, {yyyy} {mm} {dd} {HH} and {ext} have a meaning; any other {name} is a label. Or a /regular expression/ with named groups."
        invalid={problem !== ''}
        error={problem}
      >
        <Input
          id="layoutTemplate"
          width={120}
          disabled={Boolean(preset)}
          value={template}
          onChange={({ currentTarget }) => setJson({ layoutTemplate: currentTarget.value })}
        />
      </Field>
      {problem === '' && (
        <KeyPreview uid={options.uid} version={options.version ?? 0} prefix={prefix} template={template} />
      )}
    </>
  );
}

/** How real keys of the bucket parse: read once from the saved data source, parsed anew at each keystroke. */
function KeyPreview({
  uid,
  version,
  prefix,
  template,
}: {
  uid: string;
  /** Counts the saves of the data source; 0 before the first. */
  version: number;
  prefix: string;
  template: string;
}) {
  const styles = useStyles2(getStyles);
  const [keys, setKeys] = useState<string[]>();
  const [problem, setProblem] = useState('');
  const [run, setRun] = useState(0);
  useEffect(() => {
    let current = true;
    if (uid && version > 0) {
      getDataSourceSrv()
        .get({ uid })
        .then((ds) => (ds as unknown as PprofDataSource).previewKeys())
        .then(
          (found) => current && (setKeys(found), setProblem('')),
          (error) => current && setProblem(error instanceof Error ? error.message : String(error))
        );
    }
    return () => {
      current = false;
    };
  }, [uid, version, run]);

  const layout = compileLayout(template);
  const parsed = (keys ?? []).map((key) => ({
    key,
    parsed: key.startsWith(prefix) ? layout.parse(key.slice(prefix.length)) : undefined,
  }));
  const matching = parsed.filter((row) => row.parsed).length;
  const shown = parsed.filter((_, i) => i < 5);
  return (
    <div aria-label="Key preview" role="region">
      {problem !== '' && (
        <Alert severity="warning" title="The keys of the bucket could not be read">
          {problem}
        </Alert>
      )}
      {keys && keys.length > 0 && (
        <>
          <p className={styles.summary}>
            The layout reads {matching} of the first {keys.length} keys.
          </p>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Key</th>
                <th scope="col">Read as</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <tr key={row.key}>
                  <td>
                    <code className={styles.key}>{row.key}</code>
                  </td>
                  <td className={row.parsed ? undefined : styles.bad}>
                    {row.parsed ? summary(row.parsed) : 'not of this layout'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      <Button size="sm" variant="secondary" icon="sync" disabled={version === 0} onClick={() => setRun(run + 1)}>
        Read keys again
      </Button>
    </div>
  );
}

function summary({
  labels,
  time,
  value,
  limit,
}: {
  labels: Readonly<Record<string, string>>;
  time?: number;
  value?: number;
  limit?: number;
}): string {
  const parts = Object.entries(labels).map(([name, text]) => `${name}=${text}`);
  if (time !== undefined) {
    parts.unshift(new Date(time).toISOString());
  }
  if (value !== undefined) {
    parts.push(`value ${value}${limit === undefined ? '' : ` of ${limit}`}`);
  }
  return parts.join(' · ');
}

const getStyles = (theme: GrafanaTheme2) => ({
  summary: css({ margin: theme.spacing(1, 0) }),
  table: css({
    width: '100%',
    tableLayout: 'fixed',
    marginBottom: theme.spacing(1),
    'th, td': { padding: theme.spacing(0.5, 1), textAlign: 'left', verticalAlign: 'top', overflowWrap: 'anywhere' },
    'tbody tr': { borderTop: `1px solid ${theme.colors.border.weak}` },
  }),
  key: css({ overflowWrap: 'anywhere', whiteSpace: 'normal' }),
  bad: css({ color: theme.colors.warning.text }),
});
