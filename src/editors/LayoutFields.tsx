import { css } from '@emotion/css';
import type { DataSourcePluginOptionsEditorProps, GrafanaTheme2 } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import { Alert, Button, Field, Input, useStyles2 } from '@grafana/ui';
import React, { useEffect, useMemo, useState } from 'react';
import type { PprofDataSource } from '../datasource';
import { compileLayout } from '../captures/layout';
import { presets } from '../captures/presets';
import { suggestPreset } from '../captures/suggest';
import type { PprofOptions, PprofSecrets } from '../types';
import { LateCombobox } from './LateCombobox';

interface Props {
  options: DataSourcePluginOptionsEditorProps<PprofOptions, PprofSecrets>['options'];
  setJson: (patch: Partial<PprofOptions>) => void;
}

const customLayout = { value: 'custom', label: 'Template or regular expression', description: 'your own' };

/** How keys of the bucket are read, with a preview of real ones. */
export function LayoutFields({ options, setJson }: Props) {
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
        <LateCombobox
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
        <KeyPreview
          uid={options.uid}
          version={options.version ?? 0}
          prefix={prefix}
          template={template}
          onChoose={(id) => setJson({ layout: id })}
        />
      )}
    </>
  );
}

interface PreviewProps {
  uid: string;
  /** Counts the saves of the data source; 0 before the first. */
  version: number;
  prefix: string;
  template: string;
  onChoose: (preset: string) => void;
}

/** How real keys of the bucket parse: read once from the saved data source, parsed anew at each keystroke. */
function KeyPreview({ uid, version, prefix, template, onChoose }: PreviewProps) {
  const [run, setRun] = useState(0);
  const { keys, problem } = useKeys(uid, version, run);
  return (
    <div aria-label="Key preview" role="region">
      {problem !== '' && (
        <Alert severity="warning" title="The keys of the bucket could not be read">
          {problem}
        </Alert>
      )}
      {keys.length > 0 && <ParsedKeys keys={keys} prefix={prefix} template={template} onChoose={onChoose} />}
      <Button size="sm" variant="secondary" icon="sync" disabled={version === 0} onClick={() => setRun(run + 1)}>
        Read keys again
      </Button>
    </div>
  );
}

/** The first keys of a data source as it is saved. @param run they are read again for another one */
function useKeys(uid: string, version: number, run: number): { keys: readonly string[]; problem: string } {
  const reading = `${uid} ${version} ${run}`;
  const [found, setFound] = useState<{ reading: string; keys: readonly string[]; problem: string }>();
  useEffect(() => {
    // An answer that comes after other settings were saved is about those before.
    let isCurrent = true;
    if (uid && version > 0) {
      getDataSourceSrv()
        .get({ uid })
        .then((dataSource) => (dataSource as unknown as PprofDataSource).previewKeys())
        .then(
          (keys) => ({ reading, keys, problem: '' }),
          (error) => ({ reading, keys: [], problem: error instanceof Error ? error.message : String(error) })
        )
        .then((answer) => isCurrent && setFound(answer));
    }
    return () => {
      isCurrent = false;
    };
  }, [uid, version, reading]);
  // The problem of other settings says nothing of these.
  return { keys: found?.keys ?? [], problem: found?.reading === reading ? found.problem : '' };
}

interface ParsedProps extends Pick<PreviewProps, 'prefix' | 'template' | 'onChoose'> {
  keys: readonly string[];
}

function ParsedKeys({ keys, prefix, template, onChoose }: ParsedProps) {
  const styles = useStyles2(getStyles);
  const layout = compileLayout(template);
  const rows = keys.map((key) => ({
    key,
    parsed: key.startsWith(prefix) ? layout.parse(key.slice(prefix.length)) : undefined,
  }));
  const count = rows.filter(({ parsed }) => parsed).length;
  const suggested = useMemo(() => suggestPreset(keys, prefix), [keys, prefix]);
  return (
    <>
      <p className={styles.summary}>
        The layout reads {count} of the first {keys.length} keys.
      </p>
      {suggested && suggested.count > count && (
        <p className={styles.summary}>
          The layout &quot;{suggested.preset.label}&quot; reads {suggested.count} of them.{' '}
          <Button size="sm" variant="secondary" onClick={() => onChoose(suggested.preset.id)}>
            Use it
          </Button>
        </p>
      )}
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Read as</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, 5).map(({ key, parsed }) => (
            <tr key={key}>
              <td>
                <code className={styles.key}>{key}</code>
              </td>
              <td className={parsed ? undefined : styles.bad}>{parsed ? summary(parsed) : 'not of this layout'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
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
