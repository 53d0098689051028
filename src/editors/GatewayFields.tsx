import { Field, SecretInput } from '@grafana/ui';
import React from 'react';
import type { PprofOptions } from '../types';
import type { SecretProps } from './AuthFields';
import { UrlField } from './UrlField';

interface Props {
  jsonData: PprofOptions;
  setJson: (patch: Partial<PprofOptions>) => void;
  secret: (name: string) => SecretProps;
}

/** Where processes are captured on demand. The bucket has a URL of its own, also where the gateway serves it. */
export function GatewayFields({ jsonData: { gatewayUrl = '' }, setJson, secret }: Props) {
  return (
    <>
      <UrlField
        id="gatewayUrl"
        label="Gateway URL"
        description="Captures running processes: Editors get the button Capture now. Empty for none."
        placeholder="http://pproflens-gateway:9095"
        value={gatewayUrl}
        onChange={(gatewayUrl) => setJson({ gatewayUrl })}
      />
      {gatewayUrl && (
        <Field
          label="Gateway token"
          htmlFor="gatewayToken"
          description="Of its configuration, where that has one. Kept in Grafana's server, never sent to a browser."
        >
          <SecretInput id="gatewayToken" width={40} {...secret('gatewayToken')} />
        </Field>
      )}
    </>
  );
}
