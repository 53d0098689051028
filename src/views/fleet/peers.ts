import { once } from '../../profile/once';
import type { Fleet, Group } from './fleetSums';

/**
 * A spread below this share of the peers' total counts as this: instances that are alike to the byte would make every difference
 * infinitely many spreads, and of a sampled profile a sample more or less.
 */
const leastSpread = 0.05;

/** A group's value beside those of the others. */
export interface Distance {
  readonly value: number;
  /** Median of the others. */
  readonly median: number;
  /** `value` less `median`. */
  readonly difference: number;
  /** The difference in median absolute deviations of the others (at least 5 % of the median of their totals); NaN without others. */
  readonly mads: number;
}

/** A function of a group that is not as in the others. */
export interface Outlier extends Distance {
  readonly group: number;
  /** Row of Fleet.named. */
  readonly row: number;
}

type Difference = Omit<Outlier, 'mads'>;

/** How far each group is from its peers, which are all the others. */
export class Peers {
  /** Of each group's total. */
  readonly totals: readonly Distance[];
  private readonly spreads: Float64Array;

  constructor(private readonly fleet: Fleet) {
    const totals = Float64Array.from(fleet.groups, ({ total }) => total);
    const medians = mediansOfOthers(totals);
    this.spreads = medians.map((median) => leastSpread * Math.abs(median));
    this.totals = fleet.groups.map((_, group) => this.distance(totals, medians, group));
  }

  /** Of one function, in each group. */
  distances(row: number): Distance[] {
    const values = this.valuesOf(row);
    const medians = mediansOfOthers(values);
    return this.fleet.groups.map((_, group) => this.distance(values, medians, group));
  }

  /**
   * The functions that differ by more than the least spread, the farthest from its peers first; of the functions on one path
   * that differ alike, the one that the others have least of, since it says most.
   * @param most the largest differences, of which the distances are computed
   */
  outliers(most: number): Outlier[] {
    const { names } = this.fleet;
    const found = [...this.differences()]
      .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference))
      .slice(0, most)
      .map((one) => ({ ...one, mads: one.difference / this.spread(this.valuesOf(one.row), one.median, one.group) }));
    return found.sort(
      (a, b) =>
        Math.abs(b.mads) - Math.abs(a.mads) ||
        Math.abs(a.median) - Math.abs(b.median) ||
        (names[a.row] < names[b.row] ? -1 : 1)
    );
  }

  /**
   * The function that explains most of a group's distance: it has at least half of it, in its direction, and of those it is
   * what the peers have least of. Undefined where there is no distance to explain, or no function that has half of it.
   */
  explanation(group: number): Difference | undefined {
    return this.explanations()[group];
  }

  private readonly explanations = once(() => {
    const best: Array<Difference | undefined> = this.totals.map(() => undefined);
    for (const one of this.differences()) {
      const share = one.difference / this.totals[one.group].difference;
      const other = best[one.group];
      if (share >= 0.5 && (!other || saysMore(one, other))) {
        best[one.group] = one;
      }
    }
    return best;
  });

  /** All differences above the least spread. */
  private readonly differences = once(() => {
    const found: Difference[] = [];
    for (let row = 0; row < this.fleet.names.length; row++) {
      const values = this.valuesOf(row);
      const medians = mediansOfOthers(values);
      for (let group = 0; group < values.length; group++) {
        const difference = values[group] - medians[group];
        if (difference !== 0 && Math.abs(difference) >= this.spreads[group]) {
          found.push({ group, row, value: values[group], median: medians[group], difference });
        }
      }
    }
    return found;
  });

  private valuesOf(row: number): Float64Array {
    return Float64Array.from(this.fleet.groups, ({ values }: Group) => values[row] ?? 0);
  }

  private distance(values: Float64Array, medians: Float64Array, group: number): Distance {
    const [value, median] = [values[group], medians[group]];
    const difference = value - median;
    return { value, median, difference, mads: difference / this.spread(values, median, group) };
  }

  /** Median absolute deviation of all but one, not below the least; NaN where there is nothing to compare with. */
  private spread(values: Float64Array, median: number, group: number): number {
    const others = values.filter((_, other) => other !== group).map((value) => Math.abs(value - median));
    return Math.max(medianOf(others.sort()), this.spreads[group]) || NaN;
  }
}

/** Of two functions that explain a distance the one that the peers have less of, then the one that explains more of it. */
const saysMore = (one: Difference, other: Difference): boolean =>
  Math.abs(one.median) < Math.abs(other.median) ||
  (one.median === other.median && Math.abs(one.difference) > Math.abs(other.difference));

/** @param sorted by rising value; NaN of none */
function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** For each value the median of all others. */
function mediansOfOthers(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  const count = sorted.length - 1;
  /** The value at a place of the sorted values, when one of those with the value `left` is gone. */
  const without = (left: number, place: number) => (sorted[place] < left ? sorted[place] : sorted[place + 1]);
  return values.map((value) =>
    count === 0
      ? NaN
      : count % 2 === 1
        ? without(value, count >> 1)
        : (without(value, (count >> 1) - 1) + without(value, count >> 1)) / 2
  );
}
