import { Alert, ClipboardButton, InlineField, InlineFieldRow, Input } from '@grafana/ui';
import React, { useState } from 'react';
import { parseCommand } from '../query/commandLine';
import type { Query } from '../query/query';
import { labelWidth, Section } from './fields';

interface Props {
  id: (name: string) => string;
  /** The command that answers what the query does. */
  command: string;
  onChange: (patch: Partial<Query>) => void;
}

/** The query as a command of go tool pprof; another one that is put here sets the query. */
export function CommandField({ id, command, onChange }: Props) {
  const [problem, setProblem] = useState('');
  const read = (text: string) => {
    if (text.trim() === command) {
      setProblem('');
      return;
    }
    try {
      onChange(parseCommand(text));
      setProblem('');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Section title="Command" summary="">
      <InlineFieldRow>
        <InlineField
          grow
          label="Command"
          labelWidth={labelWidth}
          htmlFor={id('command')}
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
        </InlineField>
        <ClipboardButton variant="secondary" fill="text" icon="copy" getText={() => command}>
          Copy
        </ClipboardButton>
      </InlineFieldRow>
      {problem !== '' && <Alert severity="warning" title={problem} />}
    </Section>
  );
}
