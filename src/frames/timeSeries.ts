import type { DataFrame } from '@grafana/data';
import type { Notice } from '../text/notice';
import type { Table } from '../views/table';
import { toFrame } from './frames';

/** A frame for each series, which a panel names by its table. The notices are of all of them. */
export const seriesFrames = (
  tables: readonly Table[],
  { refId, notices }: { readonly refId: string; readonly notices: readonly Notice[] }
): DataFrame[] =>
  tables.map((table, i) => {
    const frame = toFrame(table, { refId, visualisation: 'graph', notices: i === 0 ? notices : [] });
    frame.fields
      .filter(({ name }) => name === 'value')
      .forEach(({ config }) => {
        config.displayNameFromDS = table.name;
      });
    return frame;
  });
