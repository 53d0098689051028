import { createDataFrame, FieldType, type DataFrame, type DataLink } from '@grafana/data';
import type { Notice } from '../text/notice';

export interface SaidOptions {
  readonly refId: string;
  readonly notices: readonly Notice[];
  /** Those of them that say why; all, where nothing is given. */
  readonly reasons?: readonly Notice[];
  /** Above the sentences of a table. */
  readonly title?: string;
  /** Where there is something to show. */
  readonly link?: DataLink;
}

/** The sentences that stand for a result: those that warn, else all. */
function linesOf({ notices: all, reasons = [] }: SaidOptions): string[] {
  const notices = reasons.length > 0 ? reasons : all;
  const warnings = notices.filter(({ severity }) => severity !== 'info');
  const lines = (warnings.length > 0 ? warnings : notices).map(({ text }) => text);
  return lines.length > 0 ? lines : ['There is nothing to show.'];
}

const meta = (notices: readonly Notice[]) => ({ notices: notices.map(({ severity, text }) => ({ severity, text })) });

/**
 * A table that says why there is nothing in it: a row is a sentence. Panels and Explore show no more of an empty frame than
 * "No data" or "0 series returned", and notices behind a badge.
 */
export function saidRows(options: SaidOptions): DataFrame {
  const { refId, notices, title = 'Nothing to show', link } = options;
  return createDataFrame({
    refId,
    name: 'said',
    meta: { ...meta(notices), preferredVisualisationType: 'table', preferredVisualisationPluginId: 'table' },
    fields: [
      {
        name: title,
        type: FieldType.string,
        config: { custom: { wrapText: true, minWidth: 240, inspect: true }, ...(link && { links: [link] }) },
        values: linesOf(options),
      },
    ],
  });
}

/** The same for panels of time series: an empty series that is named by the sentence, which the legend shows. */
export function saidSeries(options: SaidOptions, { from, to }: { from: number; to: number }): DataFrame {
  const { refId, notices, link } = options;
  const config = {
    displayNameFromDS: linesOf(options).join(' '),
    color: { mode: 'fixed', fixedColor: 'text' },
    ...(link && { links: [link] }),
  };
  return createDataFrame({
    refId,
    name: 'said',
    meta: { ...meta(notices), preferredVisualisationType: 'graph' },
    fields: [
      { name: 'time', type: FieldType.time, config: {}, values: [from, to] },
      { name: 'value', type: FieldType.number, config, values: [null, null] },
    ],
  });
}
