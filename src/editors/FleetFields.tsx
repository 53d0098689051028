import { InlineFieldRow } from '@grafana/ui';
import React from 'react';
import { labelWidth, TextField } from './fields';
import type { FormProps } from './form';

/** Which captures of a fleet are one, and what is compared. */
export function FleetFields({ id, query, uses, onChange }: FormProps) {
  return (
    <InlineFieldRow>
      {uses('groupBy') && (
        <TextField
          id={id('groupBy')}
          label="Group by"
          labelWidth={labelWidth}
          value={query.groupBy}
          placeholder="instance"
          tooltip={
            uses('peek')
              ? 'Labels that make a series, of keys (instance, version) or of samples (tenant_id), separated by commas.'
              : 'Key labels whose values are compared, separated by commas: instance, version, zone.'
          }
          onCommit={(groupBy) => onChange({ groupBy })}
        />
      )}
      {uses('baseVersion') && (
        <TextField
          id={id('baseVersion')}
          label="Compare with"
          labelWidth={labelWidth}
          value={query.baseVersion}
          placeholder="the version before"
          tooltip="The older version; the newest one is compared with it."
          onCommit={(baseVersion) => onChange({ baseVersion })}
        />
      )}
    </InlineFieldRow>
  );
}
