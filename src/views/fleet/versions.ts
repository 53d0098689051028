import { counted, type Notice } from '../../text/notice';
import { captureFields, nodeFields } from '../../fields/fields';
import { columnsOf, type Table } from '../table';
import { fleetView } from '../view';
import { pairClosures } from './closures';
import { FleetSums, functionColumn, type Fleet, type Group } from './fleetSums';

/** Rows of the table; the largest changes stay. */
const maxRows = 500;

interface Row {
  readonly row: number;
  readonly before: number;
  readonly after: number;
}

/**
 * Two versions of a service, in averages of their captures: what is new, gone, grown and shrunk, the largest change first.
 *
 * Columns: function, change, difference, the older version's value, the newer one's, the newer as a multiple of the older.
 * @param older '' for the one before the newest
 */
export function versions(fleet: Fleet, older: string): Table {
  const [after, before] = chosenVersions(fleet.groups, older);
  if (!after || !before) {
    return { name: 'versions', length: 0, columns: [], notices: [onlyOne(fleet.groups, older), ...fleet.notices] };
  }
  const { rows: all, paired } = rowsOf(fleet, before, after);
  const grown = ({ before, after }: Row) => after - before;
  all.sort((a, b) => Math.abs(grown(b)) - Math.abs(grown(a)) || (fleet.names[a.row] < fleet.names[b.row] ? -1 : 1));
  const rows = all.slice(0, maxRows);
  const { number, text } = columnsOf(rows);
  const { unit } = fleet;
  return {
    name: 'versions',
    length: rows.length,
    columns: [
      functionColumn(fleet, rows),
      text('change', changeOf),
      number('difference', unit, grown),
      { ...number('before', unit, (row) => row.before), label: before.name },
      { ...number('after', unit, (row) => row.after), label: after.name },
      { ...number('times', '', (row) => (row.before === 0 ? NaN : row.after / row.before)), decimals: 2 },
    ],
    notices: [
      comparedNotice(before, after),
      ...(all.length > rows.length
        ? [
            {
              severity: 'info',
              text: `Shown: the ${rows.length} largest changes of ${counted(all.length, 'function')}.`,
            } as const,
          ]
        : []),
      ...paired,
      ...fleet.notices,
    ],
  };
}

/** The newest version by its last capture, and the one that it is compared with. */
function chosenVersions(groups: readonly Group[], older: string): Array<Group | undefined> {
  const byTime = [...groups].sort((a, b) => b.latest - a.latest || (a.name < b.name ? 1 : -1));
  const others = byTime.filter(({ name }) => name !== older);
  return older === '' ? byTime : [others[0], byTime.find(({ name }) => name === older)];
}

/** The functions whose values differ, closures by their new names. */
function rowsOf({ names, files }: Fleet, before: Group, after: Group): { rows: Row[]; paired: readonly Notice[] } {
  const all = names.map((_, row): Row => ({ row, before: before.values[row] ?? 0, after: after.values[row] ?? 0 }));
  const rowOfName = new Map(names.map((name, row) => [name, row]));
  const fileOf = (name: string) => files[rowOfName.get(name) ?? -1];
  const namesOf = (rows: readonly Row[]) => rows.map(({ row }) => names[row]);
  const pairs = pairClosures(
    namesOf(all.filter((row) => row.before !== 0 && row.after === 0)),
    namesOf(all.filter((row) => row.before === 0 && row.after !== 0)),
    fileOf
  );
  const moved = new Float64Array(names.length);
  pairs.forEach((to, from) => {
    moved[rowOfName.get(to) as number] += all[rowOfName.get(from) as number].before;
  });
  const rows = all
    .filter(({ row }) => !pairs.has(names[row]))
    .map((one) => ({ ...one, before: one.before + moved[one.row] }))
    .filter((one) => one.before !== one.after);
  return { rows, paired: pairedNotice(pairs) };
}

function changeOf({ before, after }: Row): string {
  if (before === 0 || after === 0) {
    return before === 0 ? 'new' : 'gone';
  }
  return Math.abs(after) > Math.abs(before) ? 'grown' : 'shrunk';
}

function pairedNotice(pairs: ReadonlyMap<string, string>): Notice[] {
  const [first] = pairs;
  return first
    ? [
        {
          severity: 'info',
          text:
            `Versions of Go name closures otherwise (Go 1.27 leaves out what they are inlined into): ${counted(pairs.size, 'name')} ` +
            `of the older version, such as ${first[0]}, ${pairs.size === 1 ? 'is' : 'are'} taken for the same code as new ones, such as ${first[1]}.`,
        },
      ]
    : [];
}

const comparedNotice = (before: Group, after: Group): Notice => ({
  severity: 'info',
  text:
    `${after.name} (${counted(after.captures, 'capture')}) compared with ${before.name} ` +
    `(${counted(before.captures, 'capture')}): values are those of one capture, on average.`,
});

function onlyOne(groups: readonly Group[], older: string): Notice {
  const there = groups.map(({ name }) => name || '(none)').join(', ');
  const text =
    older !== '' && !groups.some(({ name }) => name === older)
      ? `No capture of this time range is of version ${older}; there are ${there}.`
      : `There is one version in this time range, ${there}: choose a range in which two ran.`;
  return { severity: 'warning', text };
}

export const versionsView = fleetView({
  name: 'versions',
  title: 'Versions',
  description: 'what two versions of a service differ in',
  group: 'Fleet',
  opens: 'fleet',
  base: 'none',
  panel: 'table',
  fields: [...captureFields, 'sampleIndex', 'mean', ...nodeFields, 'sort', 'baseVersion'],
  reports: [],
  collect(query) {
    const sums = new FleetSums({ ...query, groupBy: 'version' }, 'version');
    return {
      add: sums.add.bind(sums),
      finish() {
        const fleet = sums.finish();
        return fleet ? [versions(fleet, query.baseVersion)] : [];
      },
    };
  },
});
