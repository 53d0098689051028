import { Field, SecretTextArea, Switch } from '@grafana/ui';
import React from 'react';
import type { PprofOptions } from '../types';
import type { SecretProps } from './AuthFields';

interface Props {
  jsonData: PprofOptions;
  setJson: (patch: Partial<PprofOptions>) => void;
  secret: (name: string) => SecretProps;
}

/** What Grafana's proxy trusts, and shows of itself. */
export function TlsFields({ jsonData, setJson, secret }: Props) {
  const pem = (name: string, label: string, begins: 'CERTIFICATE' | 'PRIVATE KEY') => (
    <Field label={label} htmlFor={name}>
      <SecretTextArea id={name} rows={4} cols={60} placeholder={`-----BEGIN ${begins}-----`} {...secret(name)} />
    </Field>
  );
  return (
    <>
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
      {Boolean(jsonData.tlsAuthWithCACert) && pem('tlsCACert', 'CA certificate', 'CERTIFICATE')}
      <Field label="Client certificate" htmlFor="tlsAuth">
        <Switch
          id="tlsAuth"
          value={Boolean(jsonData.tlsAuth)}
          onChange={({ currentTarget }) => setJson({ tlsAuth: currentTarget.checked })}
        />
      </Field>
      {Boolean(jsonData.tlsAuth) && (
        <>
          {pem('tlsClientCert', 'Certificate', 'CERTIFICATE')}
          {pem('tlsClientKey', 'Key', 'PRIVATE KEY')}
        </>
      )}
    </>
  );
}
