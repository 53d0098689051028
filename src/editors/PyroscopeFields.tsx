import { Field, Input, SecretInput } from '@grafana/ui';
import React from 'react';
import type { PprofOptions } from '../types';
import type { SecretProps } from './AuthFields';

interface Props {
  jsonData: PprofOptions;
  setJson: (patch: Partial<PprofOptions>) => void;
  secret: (name: string) => SecretProps;
}

/** A profiling database that the same captures were pushed to: it merges those of a fleet. */
export function PyroscopeFields({ jsonData: { pyroscopeUrl = '', pyroscopeTenant = '' }, setJson, secret }: Props) {
  return (
    <>
      <Field
        label="Pyroscope URL"
        htmlFor="pyroscopeUrl"
        description="Queries may then be answered by a Grafana Pyroscope, merged over a fleet, instead of from the bucket. Empty for none."
        invalid={pyroscopeUrl !== '' && !/^https?:\/\/[^\s/]+/.test(pyroscopeUrl)}
        error="A URL starts with https:// or http://."
      >
        <Input
          id="pyroscopeUrl"
          width={80}
          placeholder="http://pyroscope:4040"
          value={pyroscopeUrl}
          onChange={({ currentTarget }) => setJson({ pyroscopeUrl: currentTarget.value.trim().replace(/\/+$/, '') })}
        />
      </Field>
      {pyroscopeUrl && (
        <>
          <Field
            label="Pyroscope tenant"
            htmlFor="pyroscopeTenant"
            description="Sent as X-Scope-OrgID, where it has several."
          >
            <Input
              id="pyroscopeTenant"
              width={40}
              placeholder="anonymous"
              value={pyroscopeTenant}
              onChange={({ currentTarget }) => setJson({ pyroscopeTenant: currentTarget.value.trim() })}
            />
          </Field>
          <Field
            label="Pyroscope authorization"
            htmlFor="pyroscopeAuthorization"
            description="The header Authorization, such as Bearer … or Basic …. Kept in Grafana's server, never sent to a browser."
          >
            <SecretInput id="pyroscopeAuthorization" width={40} {...secret('pyroscopeAuthorization')} />
          </Field>
        </>
      )}
    </>
  );
}
