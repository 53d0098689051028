import { css } from '@emotion/css';
import type { GrafanaTheme2, QueryEditorHelpProps } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { Fragment } from 'react';
import { viewInfos } from '../query/viewInfos';
import type { PprofQuery } from '../types';
import { viewGroups } from '../views/view';

const examples: ReadonlyArray<{ title: string; text: string; query: Partial<PprofQuery> }> = [
  {
    title: 'Which captures are there?',
    text: 'One row per profile in the bucket, from the listing alone. The link of a row opens it.',
    query: { view: 'captures', selector: '' },
  },
  {
    title: 'What holds the memory at the peak?',
    text: 'The heap capture with the highest value in the time range.',
    query: { view: 'flame', capture: 'peak', selector: '{profile="heap"}' },
  },
  {
    title: 'CPU of one tenant',
    text: 'Samples are filtered by the label that pprof.Do set; all captures in the range are merged.',
    query: { view: 'flame', capture: 'merge', selector: '{profile="cpu", tenant_id="acme"}' },
  },
  {
    title: 'CPU by tenant in one flame graph',
    text: 'Tag root puts the value of a label at the root of each stack.',
    query: { view: 'flame', capture: 'merge', selector: '{profile="cpu"}', tagRoot: 'tenant_id' },
  },
  {
    title: 'Share of each tenant',
    text: 'As go tool pprof -tags.',
    query: { view: 'tags', capture: 'merge', selector: '{profile="cpu"}' },
  },
  {
    title: 'Which goroutines leak?',
    text: 'Stacks whose goroutines grow over the captures of a process, wait and are never woken.',
    query: { view: 'leaks', selector: '{profile="goroutine"}' },
  },
  {
    title: 'Who waits for what, and since when?',
    text: 'Goroutines by stack, narrowed by an expression over state, duration, trace and labels.',
    query: {
      view: 'goroutines',
      base: 'previous',
      selector: '{profile="goroutine"}',
      search: 'state == "chan receive" && duration > 5',
    },
  },
  {
    title: 'Goroutines by class of state in one flame graph',
    text: 'Valued by count; with the sample type wait by how long they all have waited.',
    query: { view: 'flame', selector: '{profile="goroutine"}', tagRoot: 'state_class' },
  },
  {
    title: 'Memory at capture over time',
    text: 'One point per event, one series per instance. No profile is opened.',
    query: { view: 'series', selector: '{profile="heap"}', groupBy: 'instance' },
  },
];

export function QueryHelp({ onClickExample }: QueryEditorHelpProps<PprofQuery>) {
  const styles = useStyles2(getStyles);
  return (
    <div>
      <h2>Pprof Lens queries</h2>
      <p>
        One selector holds labels of the object keys (service, profile, instance, …) and labels of the samples
        (tenant_id, …): <code>{'{service="ingester", profile="cpu", tenant_id=~"acme|globex"}'}</code>. Operators are =
        != =~ !~; a pattern has to match the whole value. Numeric labels take units and ranges:{' '}
        <code>{'{profile="heap", bytes="1kb:1mb"}'}</code>.
      </p>
      <dl className={styles.views}>
        {viewGroups.map((group) => (
          <Fragment key={group}>
            <dt>{group}</dt>
            {viewInfos
              .filter((info) => info.group === group)
              .map(({ name, title, description }) => (
                <dd key={name}>
                  <strong>{title}</strong>: {description}
                </dd>
              ))}
          </Fragment>
        ))}
      </dl>
      {examples.map(({ title, text, query }) => (
        <button
          key={title}
          type="button"
          className={styles.example}
          onClick={() => onClickExample({ refId: 'A', ...query })}
        >
          <strong>{title}</strong>
          <span>{text}</span>
          <code>{query.selector || '{}'}</code>
        </button>
      ))}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  views: css({
    columns: '22em',
    marginBottom: theme.spacing(2),
    dt: { marginTop: theme.spacing(0.5) },
    dd: { margin: 0 },
  }),
  example: css({
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'flex-start',
    gap: theme.spacing(0.5),
    width: '100%',
    marginBottom: theme.spacing(1),
    padding: theme.spacing(1, 1.5),
    textAlign: 'left',
    color: theme.colors.text.primary,
    background: theme.colors.background.secondary,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.default,
    '&:hover': { background: theme.colors.action.hover },
  }),
});
