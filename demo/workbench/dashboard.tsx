// A dashboard of src/dashboards: its variables, its annotations, its panels on Grafana's grid.
import type { DataFrame } from '@grafana/data';
import { Button, Combobox, Field, Spinner } from '@grafana/ui';
import React, { useEffect, useMemo, useState } from 'react';
import { host, replaceVariables } from './host';
import { isAnnotation, Results, runQueries } from './panels';

type Options = Record<string, string[]>;

export function Dashboard({ model, dataSource, range, address, change }: any) {
  const variables: any[] = useMemo(() => model.templating.list.filter((v: any) => v.type !== 'datasource'), [model]);
  const [options, setOptions] = useState<Options>();
  const [annotations, setAnnotations] = useState<DataFrame[]>([]);
  /** Ids of rows that were collapsed, and are not any more. */
  const [expanded, setExpanded] = useState<readonly number[]>([]);
  const hasSeveral = (v: any) => v.multi || v.includeAll;
  /** What the address says, several values with commas between them; else all, or the first. */
  const chosen = (v: any): string[] =>
    address
      .getAll(`var-${v.name}`)
      .flatMap((text: string) => text.split(','))
      .filter(Boolean);
  const valueIn = (found: Options, v: any): string | string[] => {
    // All has a pattern of its own where there is nothing to choose from, as in Grafana.
    const all = found[v.name]?.length ? found[v.name] : [v.allValue ?? ''];
    // Of another service there are other instances.
    const values = chosen(v).filter((value) => v.type !== 'query' || hasSeveral(v) || all.includes(value));
    // What the dashboard was saved with, where that is still there.
    const first = all.includes(v.current?.value) ? v.current.value : all[0];
    return hasSeveral(v) ? (values.length > 0 ? values : all) : (values[0] ?? first ?? '');
  };
  const picks = JSON.stringify(variables.map(chosen));
  useEffect(() => {
    let current = true;
    (async () => {
      const found: Options = {};
      // In order: a variable's query may name those before it.
      for (const variable of variables) {
        if (variable.type === 'query') {
          const values = await dataSource.metricFindQuery(variable.query, { range });
          found[variable.name] = values.map(({ text }: { text: string }) => text);
        } else if (variable.type === 'custom') {
          found[variable.name] = variable.query.split(',');
        }
        host.variables[variable.name] = valueIn(found, variable);
      }
      const [from, to] = [range.from.valueOf(), range.to.valueOf()];
      Object.assign(host.variables, { __from: `${from}`, __to: `${to}`, __url_time_range: `from=${from}&to=${to}` });
      current && setOptions(found);
    })().catch(() => current && setOptions({}));
    return () => {
      current = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [dataSource, model, range, picks]);
  useEffect(() => {
    const targets = model.annotations.list.map((annotation: any) => dataSource.annotations.prepareQuery(annotation));
    const subscription = runQueries(dataSource, options ? targets : [], range).subscribe(({ data }) =>
      setAnnotations(data.filter(isAnnotation))
    );
    return () => subscription.unsubscribe();
  }, [dataSource, model, range, options]);
  if (!options) {
    return <Spinner />;
  }
  const scoped = Object.fromEntries(variables.map((v) => [v.name, { value: valueIn(options, v) }]));
  const isOpen = ({ id, collapsed }: any) => !collapsed || expanded.includes(id);
  const rows = model.panels.flatMap((panel: any) => (isOpen(panel) ? [panel, ...(panel.panels ?? [])] : [panel]));
  const panels = rows.flatMap((panel: any) => {
    const values = [scoped[panel.repeat]?.value ?? []].flat();
    const w = 24 / Math.min(values.length, panel.maxPerRow ?? 4);
    return panel.repeat
      ? values.map((value) => ({
          ...panel,
          id: `${panel.id}-${value}`,
          gridPos: { ...panel.gridPos, w },
          scoped: { ...scoped, [panel.repeat]: { value } },
        }))
      : [{ ...panel, scoped }];
  });
  const title = (panel: any) => replaceVariables(panel.title, panel.scoped);
  return (
    <>
      <div className="variables">
        {variables.map((v) => (
          <Field key={v.name} label={v.label ?? v.name} htmlFor={`var-${v.name}`} noMargin>
            <Combobox
              id={`var-${v.name}`}
              width={30}
              createCustomValue
              isClearable
              placeholder={v.type === 'textbox' ? v.description : 'All'}
              options={(options[v.name] ?? []).map((value) => ({ value, label: value }))}
              value={(hasSeveral(v) ? chosen(v).join() : String(scoped[v.name].value)) || null}
              onChange={(picked: any) => change({ [`var-${v.name}`]: picked?.value ?? '' })}
            />
          </Field>
        ))}
        {(model.links ?? []).map(({ title, url }: any) => (
          <a key={title} className="link" href={replaceVariables(url, scoped)}>
            {title}
          </a>
        ))}
      </div>
      <div className="grid">
        {panels.map((panel: any) =>
          panel.type === 'row' ? (
            <h2 key={panel.id} className="row">
              {panel.collapsed ? (
                <Button
                  fill="text"
                  variant="secondary"
                  icon={isOpen(panel) ? 'angle-down' : 'angle-right'}
                  onClick={() =>
                    setExpanded(isOpen(panel) ? expanded.filter((id) => id !== panel.id) : [...expanded, panel.id])
                  }
                >
                  {panel.title}
                </Button>
              ) : (
                panel.title
              )}
            </h2>
          ) : (
            <section
              key={panel.id}
              className="panel"
              aria-label={title(panel)}
              style={{ gridColumn: `span ${panel.gridPos.w}` }}
            >
              <h3>{title(panel)}</h3>
              <Results
                {...{ dataSource, range, annotations }}
                targets={panel.targets}
                scopedVars={panel.scoped}
                height={panel.gridPos.h * 34}
                fieldConfig={panel.fieldConfig}
                options={panel.options}
              />
            </section>
          )
        )}
      </div>
    </>
  );
}
