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
    </>
  );
}
