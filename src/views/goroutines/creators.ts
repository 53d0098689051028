import { baseName } from '../../profile/goNames';
import { PairInterner, pathInterner, TextInterner } from '../../profile/interner';
import type { Profile } from '../../profile/profile';
import { changesOf, totalled, type Change, type TreeValues } from '../calltree';
import { drawFlame, type DrawOptions } from '../flame';
import type { Prepared } from '../preparedProfile';
import { fullText, type NamedText, type Table } from '../table';
import { grouped, type Notice } from '../../text/notice';
import { labelColumnsOf, type LabelColumns, type SelectedGoroutines } from './labelColumns';
import { callText, Signatures, type SignatureOptions } from './signatures';
import { goroutineView } from '../view';

export interface CreatorOptions extends SignatureOptions, DrawOptions {
  /** Of a difference both sides, or its changes in one direction. */
  readonly drawing?: 'all' | Change;
}

/**
 * Who started the goroutines, as a flame graph: from the root the outermost call of a goroutine that nobody started, the
 * go statements that led to a goroutine, and what the goroutine does (its signature).
 *
 *   total 530 ─ main.main ─ created by main.newServer main.go:96 ─ main.(*server).run main.go:103
 *
 * `created by F in goroutine N` leads from a goroutine to the one that started it, as long as that one is in the dump too;
 * the path of a goroutine whose creator has ended begins with its go statement. Values are those of the sample type.
 * Columns as in drawFlame.
 */
export function creators(
  now: SelectedGoroutines,
  base: SelectedGoroutines | undefined,
  options: CreatorOptions
): Table {
  const tree = new CreatorTree(options);
  const sides = [now, ...(base ? [base] : [])].map((side) => ({ ...side, node: tree.add(side) }));
  const { length, first: parent, second: name } = tree.paths.finish();
  const [own, other] = sides.map(({ prepared: { profile, index }, node }): TreeValues => {
    const flat = new Float64Array(length);
    const values = profile.sample.values[index];
    for (let i = 0; i < node.length; i++) {
      flat[node[i]] += values[i];
    }
    return { flat, cum: totalled(flat, parent) };
  });
  const shape = { length, parent, name, names: tree.names.texts, named: tree.named };
  const change = !other || options.drawing === 'all' ? undefined : options.drawing;
  const valued = other && change ? changedTree(own, other, parent, change) : { ...own, ...(other && { base: other }) };
  const table = drawFlame({ ...shape, ...valued }, { ...now.prepared, change }, options);
  return { ...table, notices: [...creatorNotices(now.prepared, tree, own.cum[0]), ...table.notices] };
}

function changedTree(own: TreeValues, other: TreeValues, parent: Int32Array, change: Change) {
  const flat = changesOf(own.flat, other.flat, change);
  const opposite = changesOf(other.flat, own.flat, change).reduce((sum, value) => sum + value, 0);
  return { flat, cum: totalled(flat, parent), opposite };
}

/** Paths of go statements and signatures of one or two profiles. Row 0 is the root. */
class CreatorTree {
  readonly names = new TextInterner(['total']);
  /** By row of `names`. */
  readonly named: NamedText[] = [['total']];
  readonly paths = pathInterner(1024);
  private readonly signatures: Signatures;
  /** Several dumps in one profile: an id is of several goroutines then. */
  hasSeveralDumps = false;

  constructor(options: SignatureOptions) {
    this.signatures = new Signatures(options);
  }

  /** The node of each sample: what it does, below who started it. */
  add({ prepared: { profile }, whole }: SelectedGoroutines): Int32Array {
    const { sample } = profile;
    const labelColumns = labelColumnsOf(profile);
    const { signature } = this.signatures.ofStacks(profile);
    const creator = this.creatorNames(profile, labelColumns);
    const leaf = this.signatureNames((row) => this.signatures.text(row));
    const entry = this.signatureNames((row) => [{ function: this.signatures.outermost(row) }]);
    const startOf = this.starts(whole);
    const node = new Int32Array(sample.length);
    for (let i = 0; i < sample.length; i++) {
      const set = sample.labelSet[i];
      const own = signature[sample.stack[i]];
      const start =
        labelColumns.creator[set] === 0
          ? this.paths.intern(0, entry(own))
          : this.paths.intern(startOf(labelColumns.creatorGoroutine[set], labelColumns.dump[set]), creator(set));
      node[i] = this.paths.intern(start, leaf(own));
    }
    return node;
  }

  /** The node below which the go statements of a goroutine are; 0 for one that is not in the dump. */
  private starts(whole: Profile): (id: number, dump: number) => number {
    const { sample } = whole;
    const labelColumns = labelColumnsOf(whole);
    const rowOf = this.rowsOfIds(whole, labelColumns);
    if (!rowOf) {
      return () => 0;
    }
    const { signature } = this.signatures.ofStacks(whole);
    const creator = this.creatorNames(whole, labelColumns);
    const entry = this.signatureNames((row) => [{ function: this.signatures.outermost(row) }]);
    const find = (id: number, dump: number) => rowOf.get(id + dump * dumpFactor) ?? -1;
    /** -1 for not yet known, -2 while it is being found. */
    const start = new Int32Array(sample.length).fill(-1);
    const chain: number[] = [];
    return (id, dump) => {
      // A loop, not a recursion: a chain may be as long as there are goroutines.
      chain.length = 0;
      let at = find(id, dump);
      while (at >= 0 && start[at] === -1) {
        start[at] = -2;
        chain.push(at);
        const set = sample.labelSet[at];
        at = labelColumns.creator[set] === 0 ? -1 : find(labelColumns.creatorGoroutine[set], labelColumns.dump[set]);
      }
      // Goroutines that started each other cannot be; a file may say so all the same.
      let node = at >= 0 && start[at] >= 0 ? start[at] : 0;
      for (let k = chain.length - 1; k >= 0; k--) {
        const set = sample.labelSet[chain[k]];
        node =
          labelColumns.creator[set] === 0
            ? this.paths.intern(0, entry(signature[sample.stack[chain[k]]]))
            : this.paths.intern(node, creator(set));
        start[chain[k]] = node;
      }
      return node;
    };
  }

  /** Which sample has an id; undefined where that is not one. */
  private rowsOfIds({ sample }: Profile, { id, dump, hasIds }: LabelColumns): Map<number, number> | undefined {
    if (!hasIds) {
      return undefined;
    }
    const rows = new Map<number, number>();
    for (let i = 0; i < sample.length; i++) {
      const set = sample.labelSet[i];
      if (Number.isNaN(id[set])) {
        continue;
      }
      const key = id[set] + dump[set] * dumpFactor;
      if (rows.has(key)) {
        this.hasSeveralDumps = true;
        return undefined;
      }
      rows.set(key, i);
    }
    return rows;
  }

  /** Row of the name of a label set's creator. */
  private creatorNames({ strings }: Profile, { creator, createdAt }: LabelColumns): (set: number) => number {
    const statements = new PairInterner();
    const names: number[] = [];
    return (set) => {
      const row = statements.intern(creator[set], createdAt[set]);
      const place = strings[createdAt[set]];
      return (names[row] ??= this.nameRow(['created by ', ...callText(strings[creator[set]], place)]));
    };
  }

  /** Row of a name that is made of a signature. */
  private signatureNames(text: (signature: number) => NamedText): (signature: number) => number {
    const names: number[] = [];
    return (signature) => (names[signature] ??= this.nameRow(text(signature)));
  }

  private nameRow(named: NamedText): number {
    const row = this.names.row(fullText(named));
    this.named[row] ??= named;
    return row;
  }
}

/** Keeps ids of several dumps in one file apart; a number stays exact below 2^53, and ids are far from 2^40. */
const dumpFactor = 2 ** 40;

/** Who started most, in a sentence; and what cannot be said. */
function creatorNotices({ profile, index }: Prepared, tree: CreatorTree, total: number): Notice[] {
  const labelColumns = labelColumnsOf(profile);
  const { sample, strings } = profile;
  if (!labelColumns.hasCreators) {
    return [
      {
        severity: 'warning',
        text: 'This format does not say who started a goroutine: what they do is shown alone. A dump with debug=2 says it.',
      },
    ];
  }
  const byCreator = new Map<string, number>();
  const values = sample.values[index];
  for (let i = 0; i < sample.length; i++) {
    const set = sample.labelSet[i];
    if (labelColumns.creator[set] !== 0) {
      const id = `${labelColumns.creator[set]} ${labelColumns.createdAt[set]}`;
      byCreator.set(id, (byCreator.get(id) ?? 0) + values[i]);
    }
  }
  const [most] = [...byCreator].sort((a, b) => b[1] - a[1]);
  const isCount = profile.sampleTypes[index].unit === 'count';
  const notices: Notice[] = [];
  if (most && isCount && total > 0) {
    const [by, at] = most[0].split(' ').map(Number);
    notices.push({
      severity: 'info',
      text: `${grouped(most[1])} of ${grouped(total)} goroutines were started by ${strings[by]}${at === 0 ? '' : ` ${baseName(strings[at])}`}.`,
    });
  }
  if (tree.hasSeveralDumps) {
    notices.push({
      severity: 'info',
      text: 'Several dumps are merged, and an id is of several goroutines then: who started the creators is not shown.',
    });
  }
  return notices;
}

export const creatorsView = goroutineView({
  name: 'creators',
  title: 'Creators',
  description: 'who started the goroutines',
  group: 'Goroutines',
  opens: 'goroutines',
  base: 'goroutines',
  panel: 'flamegraph',
  fields: ['sampleIndex', 'relativePercentages', 'drawing', 'maxNodes', 'fullNames'],
  reports: [],
  tables: (now, base, query) => [creators(now, base, query)],
});
