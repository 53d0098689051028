import { Field, Input, SecretInput } from '@grafana/ui';
import React from 'react';
import type { PprofOptions } from '../types';
import type { SecretProps } from './AuthFields';
import { UrlField } from './UrlField';

interface Props {
  jsonData: PprofOptions;
  setJson: (patch: Partial<PprofOptions>) => void;
  secret: (name: string) => SecretProps;
}

/** A profiling database that the same captures were pushed to: it merges those of a fleet. */
export function PyroscopeFields({ jsonData: { pyroscopeUrl = '', pyroscopeTenant = '' }, setJson, secret }: Props) {
  return (
    <>
      <UrlField
        id="pyroscopeUrl"
        label="Pyroscope URL"
        description="Queries may then be answered by a Grafana Pyroscope, merged over a fleet, instead of from the bucket. Empty for none."
        placeholder="http://pyroscope:4040"
        value={pyroscopeUrl}
        onChange={(pyroscopeUrl) => setJson({ pyroscopeUrl })}
      />
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
