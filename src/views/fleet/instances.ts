import { counted, type Notice } from '../../text/notice';
import { nodeFields, captureFields } from '../../fields/fields';
import { columnsOf, namedColumn, percentOf, type NamedText, type NumberColumn, type Table } from '../table';
import { fleetView } from '../view';
import { FleetSums, functionColumn, type Fleet } from './fleetSums';
import { Peers, type Outlier } from './peers';

/** Rows of the table of functions, and of the heat map; what is farthest from its peers stays. */
const maxRows = 200;
const maxGroups = 50;
const maxFunctions = 12;
/** Differences whose distances are computed: a process has hundreds of functions on the path to what it leaks. */
const maxDifferences = 2000;
/** Two functions of the heat map that differ by less in all instances, as a share of the largest value, are on one path. */
const alike = 0.02;

/**
 * Each instance against the median of its peers, the farthest first.
 *
 * Columns: instance, value, peers' median, difference, MADs, function (that explains most of the difference), its
 * difference, its share of the instance's difference in percent, captures.
 */
export function instances(fleet: Fleet): Table {
  const peers = new Peers(fleet);
  const rows = fleet.groups.map((group, i) => ({ group, ...peers.totals[i], explained: peers.explanation(i) }));
  rows.sort((a, b) => size(b.mads) - size(a.mads) || (a.group.name < b.group.name ? -1 : 1));
  const { number, text } = columnsOf(rows);
  const { unit } = fleet;
  return {
    name: 'instances',
    length: rows.length,
    columns: [
      text('instance', ({ group }) => group.name),
      number('value', unit, ({ value }) => value),
      number("peers' median", unit, ({ median }) => median),
      number('difference', unit, ({ difference }) => difference),
      madsColumn(rows),
      namedColumn(
        'function',
        rows.map(({ explained }): NamedText => (explained ? fleet.named[explained.row] : ['']))
      ),
      number('of it', unit, ({ explained }) => explained?.difference ?? NaN),
      number('share', 'percent', ({ explained, difference }) => percentOf(explained?.difference ?? NaN, difference)),
      number('captures', 'count', ({ group }) => group.captures),
    ],
    notices: [fleetNotice(fleet), ...fleet.notices],
  };
}

/**
 * The functions of instances that are not as in their peers, the farthest first.
 *
 * Columns: function, instance, MADs, value, peers' median, difference, its share of the peers' median total in percent.
 */
export function outliers(fleet: Fleet): Table {
  const peers = new Peers(fleet);
  const all = peers.outliers(maxDifferences);
  const rows = all.slice(0, maxRows);
  const { number, text } = columnsOf(rows);
  const { unit } = fleet;
  return {
    name: 'outliers',
    length: rows.length,
    columns: [
      functionColumn(fleet, rows),
      text('instance', ({ group }) => fleet.groups[group].name),
      madsColumn(rows),
      number('value', unit, ({ value }) => value),
      number("peers' median", unit, ({ median }) => median),
      number('difference', unit, ({ difference }) => difference),
      {
        ...number('of total', 'percent', ({ group, difference }) => percentOf(difference, peers.totals[group].median)),
        description: "The difference as a share of the median of the peers' totals.",
      },
    ],
    notices: [
      fleetNotice(fleet),
      ...cut('rows', rows.length, all.length),
      ...(rows.length === 0 ? [nothingDiffers] : []),
      ...fleet.notices,
    ],
  };
}

/**
 * How many median absolute deviations each instance is away from its peers, by the functions that differ most: instances
 * in rows, the farthest first.
 *
 * Columns: instance, total, and one for each function.
 */
export function heatMap(fleet: Fleet): Table {
  const peers = new Peers(fleet);
  const functions = distinctFunctions(fleet, peers.outliers(maxDifferences));
  const order = fleet.groups.map((_, group) => group);
  order.sort((a, b) => size(peers.totals[b].mads) - size(peers.totals[a].mads) || a - b);
  const shown = order.slice(0, maxGroups);
  const cells = (name: string, mads: readonly number[]): NumberColumn => ({
    name,
    kind: 'number',
    values: shown.map((group) => mads[group]),
    decimals: 1,
    isHeat: true,
  });
  const totals = peers.totals.map(({ mads }) => mads);
  return {
    name: 'heat map',
    length: shown.length,
    columns: [
      { name: 'instance', kind: 'string', values: shown.map((group) => fleet.groups[group].name) },
      cells('total', totals),
      ...functions.map((row): NumberColumn => ({
        ...cells(
          fleet.names[row],
          peers.distances(row).map(({ mads }) => mads)
        ),
        label: fleet.names[row],
        namedLabel: [fleet.named[row]],
      })),
    ],
    notices: [fleetNotice(fleet), ...cut('instances', shown.length, order.length), ...fleet.notices],
  };
}

/** Those of the outliers that say something of their own: of a path on which all differ alike the first. */
function distinctFunctions({ groups }: Fleet, found: readonly Outlier[]): readonly number[] {
  const chosen: number[] = [];
  const valueOf = (group: number, row: number) => groups[group].values[row] ?? 0;
  for (const { row } of found) {
    const scale = Math.max(...groups.map((_, group) => Math.abs(valueOf(group, row))));
    const isAlike = (other: number) =>
      groups.every((_, group) => Math.abs(valueOf(group, row) - valueOf(group, other)) <= alike * scale);
    if (!chosen.some(isAlike)) {
      chosen.push(row);
    }
    if (chosen.length === maxFunctions) {
      break;
    }
  }
  return chosen;
}

const size = (mads: number): number => (Number.isNaN(mads) ? 0 : Math.abs(mads));

const madsColumn = (rows: ReadonlyArray<{ readonly mads: number }>): NumberColumn => ({
  ...columnsOf(rows).number('MADs', '', ({ mads }) => mads),
  decimals: 1,
  isHeat: true,
  description:
    "How far the value is from the peers' median, in median absolute deviations of the peers (at least 5 % of their median total). Beyond 3 is unusual.",
});

function fleetNotice({ groups }: Fleet): Notice {
  const captures = groups.reduce((sum, group) => sum + group.captures, 0);
  const text = `${counted(groups.length, 'instance')}, ${counted(captures, 'capture')}; peers are all other instances.`;
  return groups.length > 2
    ? { severity: 'info', text }
    : { severity: 'warning', text: `${text} To say which of them is unusual takes at least three.` };
}

const nothingDiffers: Notice = {
  severity: 'info',
  text: "No function of any instance differs from its peers' median by 5 % of their total.",
};

const cut = (what: string, shown: number, all: number): Notice[] =>
  all > shown ? [{ severity: 'info', text: `Shown: ${shown} of ${all} ${what}, the farthest from their peers.` }] : [];

const shared = {
  group: 'Fleet',
  opens: 'fleet',
  base: 'none',
  panel: 'table',
  fields: [...captureFields, 'sampleIndex', 'mean', ...nodeFields, 'sort', 'groupBy'],
  reports: [],
} as const;

const collectInto = (tableOf: (fleet: Fleet) => Table) => (query: ConstructorParameters<typeof FleetSums>[0]) => {
  const sums = new FleetSums(query, 'instance');
  return {
    add: sums.add.bind(sums),
    finish() {
      const fleet = sums.finish();
      return fleet ? [tableOf(fleet)] : [];
    },
  };
};

export const instancesView = fleetView({
  ...shared,
  name: 'instances',
  title: 'Instances',
  description: 'each against the median of its peers',
  collect: collectInto(instances),
});

export const outliersView = fleetView({
  ...shared,
  name: 'outliers',
  title: 'Outliers',
  description: 'functions of instances that are not as in their peers',
  collect: collectInto(outliers),
});

export const heatMapView = fleetView({
  ...shared,
  name: 'heatMap',
  title: 'Heat map',
  description: 'instances by functions, in deviations from their peers',
  collect: collectInto(heatMap),
});
