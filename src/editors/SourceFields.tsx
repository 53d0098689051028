import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Field, Input, TextArea, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import { defaultRules, sourceLinks, type SourceLink } from '../query/sourceLinks';
import type { PprofOptions } from '../types';

interface Props {
  jsonData: PprofOptions;
  setJson: (patch: Partial<PprofOptions>) => void;
}

const examples = [
  '/build/src/internal/store/cache.go',
  'github.com/acme/ingester/internal/store/cache.go',
  '/go/pkg/mod/github.com/klauspost/compress@v1.17.0/zstd/decoder.go',
  '/usr/local/go/src/net/http/server.go',
].join('\n');

/** Labels of the capture that the preview is for. */
const labels = { service: 'ingester', version: 'v1.42.0', instance: 'ingester-0', event: 'k3v9q2xd' };

/** Where the code of services is, with a preview of what file names of profiles become. */
export function SourceFields({ jsonData, setJson }: Props) {
  const { sourceUrl = '' } = jsonData;
  const [samples, setSamples] = useState(examples);
  const preview = sourceUrl === '' ? undefined : previewOf(jsonData, samples);
  const problem = preview && 'problem' in preview ? preview.problem : '';
  return (
    <>
      <Field
        label="Source URL"
        htmlFor="sourceUrl"
        description="Functions and lines in tables link to it: {path} and {line}, and labels of the capture as {service} or {version}; {version|main} has what stands for one that is missing. Empty for no links."
        invalid={problem !== '' && !problem.startsWith('Rule')}
        error={problem}
      >
        <Input
          id="sourceUrl"
          width={100}
          placeholder="https://github.com/acme/{service}/blob/{version}/{path}#L{line}"
          value={sourceUrl}
          onChange={({ currentTarget }) => setJson({ sourceUrl: currentTarget.value.trim() || undefined })}
        />
      </Field>
      {sourceUrl !== '' && (
        <>
          <RuleFields jsonData={jsonData} setJson={setJson} problem={problem.startsWith('Rule') ? problem : ''} />
          <SampleField samples={samples} onChange={setSamples} />
          {preview && 'links' in preview && <LinkPreview links={preview.links} />}
        </>
      )}
    </>
  );
}

/** @param problem of the rules, '' for none */
function RuleFields({ jsonData, setJson, problem }: Props & { problem: string }) {
  const { sourceRules = defaultRules, sourceGoVersion = '' } = jsonData;
  return (
    <>
      <Field
        label="Source rules"
        htmlFor="sourceRules"
        description="A line each, the first that matches counts: PREFIX => cuts a prefix of file names, PREFIX => FOLDER maps a module to a folder, PREFIX => URL to a repository of its own; * is any one folder, {1} the first. Go's own packages are GOROOT. Modules of the module cache on GitHub and the like need no rule."
        invalid={problem !== ''}
        error={problem}
      >
        <TextArea
          id="sourceRules"
          cols={100}
          rows={8}
          value={sourceRules}
          onChange={({ currentTarget }) => setJson({ sourceRules: currentTarget.value })}
        />
      </Field>
      <Field
        label="Go version"
        htmlFor="sourceGoVersion"
        description="Of Go's own packages, where all services are built with one release. Empty: the meta.json beside a capture says it, and where there is none, Go's own packages have no links."
      >
        <Input
          id="sourceGoVersion"
          width={20}
          placeholder="go1.26.8"
          value={sourceGoVersion}
          onChange={({ currentTarget }) => setJson({ sourceGoVersion: currentTarget.value.trim() || undefined })}
        />
      </Field>
    </>
  );
}

function SampleField({ samples, onChange }: { samples: string; onChange: (samples: string) => void }) {
  return (
    <Field
      label="Sample file names"
      htmlFor="sourceSamples"
      description={`Not saved: what they become for version ${labels.version} of ${labels.service}.`}
    >
      <TextArea
        id="sourceSamples"
        cols={100}
        rows={4}
        value={samples}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Field>
  );
}

function LinkPreview({ links }: { links: readonly SourceLink[] }) {
  const styles = useStyles2(getStyles);
  return (
    <ul aria-label="Source preview" className={styles.list}>
      {links.map((link, i) => (
        <li key={i}>
          {'url' in link ? (
            <a href={link.url} target="_blank" rel="noreferrer" className={styles.link}>
              {link.url}
            </a>
          ) : (
            <span className={styles.none}>No link. {link.reason}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

function previewOf(
  { sourceUrl = '', sourceRules, sourceGoVersion = '' }: PprofOptions,
  samples: string
): { links: readonly SourceLink[] } | { problem: string } {
  try {
    const settings = { template: sourceUrl, rules: sourceRules, goVersion: sourceGoVersion };
    const linkOf = sourceLinks(settings, { labels, goVersion: '' });
    const files = samples.split('\n').filter((file) => file.trim() !== '');
    return { links: files.map((file) => linkOf(file.trim(), 120)) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ listStyle: 'none', overflowWrap: 'anywhere', '& li': { padding: theme.spacing(0.5, 0) } }),
  link: css({ color: theme.colors.text.link }),
  none: css({ color: theme.colors.warning.text }),
});
