import { FieldType, type DataFrame, type DataLink, type Field } from '@grafana/data';
import type { Code, Table } from '../views/table';
import { hiddenCell } from './cells';

/** A link that Explore leaves out of rows where the variable is not defined. */
type ConditionalLink = DataLink & { readonly onlyWhere: string };

const hidden = { custom: hiddenCell };

/**
 * The frame of a table with a link to code on each column that says where its code is. A link of a frame is one for all
 * rows, and their addresses have nothing in common: a hidden column has them whole, and the link is what it says, raw,
 * since Grafana would escape it again. Rows without an address have no link.
 *
 * That a row has none, dashboards see by an empty link. Explore makes `about:blank` of one, but leaves out a link in any of
 * whose texts a variable is not defined: there columns are variables too, and the suffix of a number is not defined where
 * it is null, while that of 1 is ''. In an address dashboards would print such a variable as it is, so it has a text of
 * its own.
 * @param addressOf '' for none
 */
export function withSource(frame: DataFrame, table: Table, addressOf: (code: Code) => string): DataFrame {
  const added = new Map<object, { readonly link: ConditionalLink; readonly fields: readonly Field[] }>();
  const linksOf = (name: string, code: ReadonlyArray<Code | undefined>) => {
    const known = added.get(code);
    if (known) {
      return known;
    }
    const column = name.replace(/\W+/g, '_');
    const addresses = code.map((one) => (one ? addressOf(one) : ''));
    const made = {
      link: {
        title: 'Source',
        url: `\${__data.fields.${column}_source:raw}`,
        targetBlank: true,
        onlyWhere: `\${${column}_linked.suffix}`,
      },
      fields: addresses.every((address) => address === '')
        ? []
        : [
            { name: `${column}_source`, type: FieldType.string, config: hidden, values: addresses },
            {
              name: `${column}_linked`,
              type: FieldType.number,
              config: { ...hidden, unit: 'short' },
              values: addresses.map((address) => (address === '' ? null : 1)),
            },
          ],
    };
    added.set(code, made);
    return made;
  };
  const codes = new Map(table.columns.map(({ name, code }) => [name, code]));
  const fields = frame.fields.map((field) => {
    const code = codes.get(field.name);
    const made = code && linksOf(field.name, code);
    return made && made.fields.length > 0
      ? { ...field, config: { ...field.config, links: [...(field.config.links ?? []), made.link] } }
      : field;
  });
  return { ...frame, fields: [...fields, ...[...added.values()].flatMap((made) => made.fields)] };
}
