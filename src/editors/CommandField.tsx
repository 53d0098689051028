import { Alert, ClipboardButton, InlineFieldRow, Input } from '@grafana/ui';
import React, { useState } from 'react';
import { applyCommand } from '../query/applyCommand';
import type { StoredQuery } from '../query/query';
import { LabelledField, labelWidth, Section } from './fields';

interface Props {
  id: (name: string) => string;
  /** The command that answers what the query does. */
  command: string;
  /** The parts of the query that it cannot say. */
  leftOut: readonly string[];
  /** Whether a file that a command names is an object of the bucket. */
  isKey: (file: string) => boolean;
  onChange: (patch: Partial<StoredQuery>) => void;
}

/** The query as a command of go tool pprof; what is edited of it, or another that is put here, changes the query. */
export function CommandField({ id, command, leftOut, isKey, onChange }: Props) {
  const [problem, setProblem] = useState('');
  const read = (text: string) => {
    if (text.trim() === command) {
      setProblem('');
      return;
    }
    try {
      const { query, unknown } = applyCommand(text, command, isKey);
      onChange(query);
      setProblem(
        unknown.length === 0
          ? ''
          : `Not in the bucket, so that the query's own captures stay: ${unknown.join(', ')}. Expected the key of an object.`
      );
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Section title="Command" summary="">
      <InlineFieldRow>
        <LabelledField
          id={id('command')}
          grow
          label="Command"
          labelWidth={labelWidth}
          tooltip="What answers the same on the command line. Paste another command of go tool pprof and press Enter to ask what it asks."
        >
          <Input
            id={id('command')}
            key={command}
            defaultValue={command}
            onKeyDown={({ key, currentTarget }) => key === 'Enter' && read(currentTarget.value)}
            onPaste={({ currentTarget, clipboardData }) => {
              // A whole command replaces what is there; a part of one is edited in.
              const pasted = clipboardData.getData('text');
              if (/\bpprof\s/.test(pasted)) {
                currentTarget.select();
                setTimeout(() => read(pasted));
              }
            }}
          />
        </LabelledField>
        <ClipboardButton variant="secondary" fill="text" icon="copy" getText={() => command}>
          Copy
        </ClipboardButton>
      </InlineFieldRow>
      {leftOut.length > 0 && (
        <Alert severity="info" title={`pprof has no flag for ${leftOut.join(', ')}: the command answers without.`} />
      )}
      {problem !== '' && <Alert severity="warning" title={problem} />}
    </Section>
  );
}
