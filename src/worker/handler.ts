import { HeldProfiles } from './heldProfiles';
import { gunzip } from '../decode/gzip';
import { gzip } from '../encode/gzip';
import { MergeBuilder, type MergePart } from '../ops/merge';
import type { Profile } from '../profile/profile';
import { withEngine } from '../text/withEngine';
import { encodeQuery, labelValues, memory, collectCaptures, run, type Inputs, type Origin } from '../query/run';
import { DecodedCache } from './decodedCache';
import { columnBuffers, copyColumns } from './columns';
import type { Answer, InputKeys, Progress, Question, Request, Response, Started } from './messages';
import { inTurns, Task } from './task';
import { warmUp } from './warmUp';
import { NothingFound } from '../text/notice';
import { column, textColumn, textsOf } from '../views/table';

/** Answers a request; meanwhile it may tell what it is at, and how far it is. */
export type Handle = (request: Request, tell?: (message: Progress | Started) => void) => Promise<Response>;

type Of<T extends Question['type']> = Extract<Question, { readonly type: T }>;
/** What answers each type of question. */
type Answers<T extends Question['type']> = {
  readonly [K in T]: (question: Of<K>, task: Task) => Answer | Promise<Answer>;
};
type CollectionType =
  'beginMerge' | 'beginProcessView' | 'add' | 'finishPart' | 'joinPart' | 'finishMerge' | 'finishProcessView' | 'drop';

const done: Answer = { type: 'done' };

/** Answers requests; the same in a worker and, where none can start, on the main thread. */
export function createHandler(cache = new DecodedCache(), unpack = gunzip): Handle {
  const held = new HeldProfiles(cache, unpack);
  const tasks = new Map<number, Task>();
  const answers: Answers<Question['type']> = {
    ...answersOfHeld(held),
    ...answersOfCollections(held),
    async warmUp({ isHeap, query }) {
      await warmUp(isHeap, query);
      return done;
    },
    cancel({ question }) {
      const task = tasks.get(question);
      if (task) {
        task.isCancelled = true;
      }
      return done;
    },
  };
  const nextTurn = inTurns();
  return async (request, tell = () => {}) => {
    const { id, type } = request;
    const task = new Task(id, nextTurn, tell);
    tasks.set(id, task);
    try {
      // A table's type pairs each question with what answers it, which looking it up forgets.
      const answer = answers[type] as (question: Question, task: Task) => Answer | Promise<Answer>;
      return { ...(await answer(request, task)), id, held: held.bytes };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { type: 'error', id, message, isNothing: error instanceof NothingFound, held: held.bytes };
    } finally {
      tasks.delete(id);
    }
  };
}

function answersOfHeld(
  held: HeldProfiles
): Answers<
  | 'load'
  | 'copy'
  | 'put'
  | 'limit'
  | 'run'
  | 'flatValues'
  | 'encode'
  | 'labelValues'
  | 'memory'
  | 'trace'
  | 'processView'
  | 'listMembers'
> {
  const ofInputs = async (keys: InputKeys, task: Task, then: (inputs: Inputs) => Answer | Promise<Answer>) => {
    const asked = [keys.profile, keys.base, keys.labelled];
    const [profile, base, labelled] = await held.inTurn(asked, task);
    const found = [profile, base, labelled];
    const missing = asked.filter((key, i) => key !== undefined && !found[i]) as string[];
    return profile && missing.length === 0
      ? withEngine(() => then({ profile, base, labelled }))
      : ({ type: 'missing', keys: missing } as const);
  };
  return {
    async load({ key, bytes }, task) {
      await held.load(key, bytes, task);
      return done;
    },
    async copy({ key }) {
      const profile = await held.find(key);
      return profile ? { type: 'profile', profile: copyColumns(profile) } : { type: 'missing', keys: [key] };
    },
    put({ key, profile }) {
      held.put(key, Object.freeze(profile));
      return done;
    },
    limit({ bytes }) {
      held.setLimit(bytes);
      return done;
    },
    run: ({ keys, origin, query }, task) =>
      ofInputs(keys, task, async (inputs) => ({ type: 'tables', tables: run(query, await within(inputs, origin)) })),
    flatValues: ({ keys, query, names }, task) =>
      ofInputs(keys, task, (inputs) => {
        const [table] = run(query, inputs);
        const flat = column(table, 'flat', 'number').values;
        const rows = new Map([...textsOf(textColumn(table, 'function'))].map((name, row) => [name, row]));
        return { type: 'values', values: Float64Array.from(names, (name) => flat[rows.get(name) ?? -1] ?? 0) };
      }),
    encode: ({ keys, origin, query }, task) =>
      ofInputs(keys, task, async (inputs) => ({
        type: 'file',
        bytes: await gzip(encodeQuery(query, await within(inputs, origin))),
      })),
    labelValues: ({ keys }, task) =>
      ofInputs(keys, task, ({ profile }) => ({ type: 'labelValues', values: labelValues([profile]) })),
    memory: ({ keys, query, meta }, task) =>
      ofInputs(keys, task, ({ profile }) => ({ type: 'tables', tables: memory(query, meta, profile) })),
    trace: ({ keys, query, moment }, task) =>
      ofInputs(keys, task, async ({ profile }) => {
        const { runTrace } = await loadTraceViews();
        return { type: 'tables', tables: runTrace(query, profile, moment) };
      }),
    async listMembers({ bytes }, task) {
      const { listMembers } = await import(/* webpackChunkName: "unpack" */ '../decode/unpack/unpack');
      return {
        type: 'members',
        members: await listMembers(new Uint8Array(bytes), { unpack: gunzip, turn: () => task.turn() }),
      };
    },
    async processView({ sources, query }, task) {
      const profiles = await held.inTurn(
        sources.map(({ key }) => key),
        task
      );
      const missing = sources.filter((_, i) => !profiles[i]);
      if (missing.length > 0) {
        return { type: 'missing', keys: missing.map(({ key }) => key) };
      }
      return withEngine(async () => {
        const view = collectCaptures(query);
        for (const [i, profile] of (profiles as Profile[]).entries()) {
          await task.turn();
          view.add(profile, sources[i]);
        }
        return { type: 'tables', tables: view.finish() };
      });
    },
  };
}

/** Of an execution trace what lies in the range. */
async function within(inputs: Inputs, origin: Origin): Promise<Inputs> {
  const { range, capturedAt } = origin;
  if (!range || !inputs.profile.execution) {
    return { ...inputs, ...origin };
  }
  const { profileWithin } = await loadTraceViews();
  return { ...inputs, ...origin, profile: profileWithin(inputs.profile, { ...range, capturedAt }) };
}

/** Few queries are of execution traces. */
const loadTraceViews = () => import(/* webpackChunkName: "traceViews" */ '../query/runTrace');

/** Undefined where they have to be merged one by one. */
function joined(parts: readonly MergePart[]): MergeBuilder | undefined {
  const builder = new MergeBuilder();
  return parts.every((part) => builder.joinPart(part)) ? builder : undefined;
}

/** Captures that are added one after the other. */
class Collection {
  /** The last that it was asked to add; it never fails. */
  private last: Promise<unknown> = Promise.resolve();
  /** One that was not there has to come before any other. */
  private isLacking = false;

  constructor(
    readonly merge: MergeBuilder | undefined,
    readonly view?: ReturnType<typeof collectCaptures>
  ) {}

  /**
   * In the order in which they are asked for, although one may be decoded before another.
   * @param add adds it, and says whether it was there
   */
  inOrder(isAgain: boolean, add: () => Promise<boolean>): Promise<boolean> {
    const added = this.last.then(async () => {
      if (this.isLacking && !isAgain) {
        return false;
      }
      this.isLacking = !(await add());
      return !this.isLacking;
    });
    this.last = added.catch(() => undefined);
    return added;
  }
}

function answersOfCollections(held: HeldProfiles): Answers<CollectionType> {
  const collections = new Map<number, Collection>();
  const find = (id: number): Collection => {
    const collection = collections.get(id);
    if (!collection) {
      throw new Error(`The worker has no collection ${id}.`);
    }
    return collection;
  };
  const mergeOf = (id: number) => find(id).merge as MergeBuilder;
  const count = (id: number) => held.setMaking(id, collections.get(id)?.merge?.bytes ?? 0);
  return {
    beginMerge({ collection, isPart }) {
      collections.set(collection, new Collection(new MergeBuilder(isPart)));
      return done;
    },
    async beginProcessView({ collection, query }) {
      collections.set(collection, new Collection(undefined, await withEngine(() => collectCaptures(query))));
      return done;
    },
    async add({ collection, key, time, labels, bytes, isPassing, isAgain = false }, task) {
      const into = find(collection);
      const isAdded = await into.inOrder(isAgain, async () => {
        const profile = await (held.find(key) ?? (bytes && held.load(key, bytes, task)));
        if (!profile) {
          return false;
        }
        await task.turn();
        try {
          await withEngine(() => (into.merge ? into.merge.add(profile) : into.view?.add(profile, { time, labels })));
        } finally {
          if (isPassing) {
            held.forget(key);
          }
          count(collection);
        }
        return true;
      });
      return isAdded ? done : { type: 'missing', keys: [key] };
    },
    async finishPart({ collection }, task) {
      const merge = mergeOf(collection);
      await task.turn();
      return { type: 'part', part: merge.part() };
    },
    async joinPart({ collection, part }, task) {
      const merge = mergeOf(collection);
      await task.turn();
      const isJoined = merge.joinPart(part);
      count(collection);
      return isJoined ? done : { type: 'apart' };
    },
    async finishMerge({ collection, key, parts = [] }, task) {
      const merge = mergeOf(collection);
      await task.turn();
      const whole = parts.length > 0 ? joined([merge.part(), ...parts]) : merge;
      if (!whole) {
        return { type: 'apart' };
      }
      held.put(key, whole.finish());
      return { type: 'merged', count: whole.count };
    },
    async finishProcessView({ collection }, task) {
      const { view } = find(collection);
      await task.turn();
      return { type: 'tables', tables: view?.finish() ?? [] };
    },
    drop({ collection }) {
      collections.delete(collection);
      held.setMaking(collection, 0);
      return done;
    },
  };
}

/** The buffers of an answer, which move to the main thread instead of being copied. */
export function transferables(response: Response): ArrayBuffer[] {
  if (response.type === 'file') {
    return [response.bytes];
  }
  if (response.type === 'profile') {
    return columnBuffers(response.profile);
  }
  if (response.type === 'part') {
    return columnBuffers(response.part);
  }
  return response.type === 'tables'
    ? columnBuffers(response.tables.map(({ columns }) => columns.map(({ values }) => values)))
    : [];
}
