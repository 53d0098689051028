// Where links lead: data links of fields, as Grafana fills them in.
import { urlUtil, type DataFrame, type TimeRange } from '@grafana/data';
import { replaceVariables } from './host';

/** Variables of a data link: the fields of its row, its own value. In an address they are percent-encoded. */
export function fillIn(text: string, frame: DataFrame, row: number, value: unknown, scopedVars = {}): string {
  const encode = (given: unknown) => (text.startsWith('/') ? encodeURIComponent(String(given)) : String(given));
  const cell = (name: string) => frame.fields.find((field) => field.name === name)?.values[row] ?? '';
  const own = text
    .replace(/\$\{__data\.fields\.(\w+)(:raw|:percentencode)?\}/g, (_, name, raw) =>
      raw === ':raw' ? String(cell(name)) : encode(cell(name))
    )
    .replace(/\$\{__value\.raw(?::percentencode)?\}/g, () => encode(value))
    .replace(/^\$\{__url\.path\}\$\{__url\.params:exclude:([\w,]+)\}/, (_, names) => hereWithout(names.split(',')));
  return replaceVariables(own, scopedVars, (given) => [given].flat().map(encode).join(','));
}

function hereWithout(names: string[]): string {
  const query = new URLSearchParams(location.search);
  names.forEach((name) => query.delete(name));
  return `${location.pathname}?${query}`;
}

/** An address of Grafana's. @param replace fills in the variables of a text */
export function hrefOf({ url, internal }: any, replace: (text: string) => string, range: TimeRange): string {
  if (!internal) {
    return replace(url);
  }
  const inJson = (name: string) => JSON.stringify(replace(name)).slice(1, -1);
  const query = JSON.parse(JSON.stringify(internal.query).replace(/\$\{__[^}]+\}/g, inJson));
  const { from, to } = internal.range ?? range;
  const times = { from: String(from.valueOf()), to: String(to.valueOf()) };
  const pane = { datasource: internal.datasourceUid, queries: [query], range: times };
  return urlUtil.renderUrl('/explore', { schemaVersion: 1, panes: JSON.stringify({ one: pane }) });
}
