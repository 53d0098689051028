import { Open, type Logs, type Regions, type Tasks } from '../../profile/execution';
import { PairInterner } from '../../profile/interner';
import { picked } from '../../profile/picked';
import { byRow, bytes, floats, ints, uints } from './column';

const none = -1;
/** Beside the bits of Open: it ended with its goroutine. Those of the runtime's goroutines, which only inherit, do not count. */
const withGoroutine = 128;

/** What the program itself says: tasks, regions and logs of runtime/trace, with the definitions of Go's Summarizer. */
export class TaskColumns {
  private readonly rows = new Map<number, number>();
  private readonly tasks = { id: floats(), name: uints(), parent: ints(), from: floats(), to: floats() };
  /** (task, goroutine). */
  private readonly members = new PairInterner();
  private readonly regions = {
    goroutine: uints(),
    name: uints(),
    task: uints(),
    from: floats(),
    to: floats(),
    open: bytes(),
  };
  /** Rows of regions that are open, by goroutine, the innermost last. */
  private readonly opened = new Map<number, number[]>();
  private readonly logs = { time: floats(), goroutine: uints(), task: uints(), key: uints(), value: uints() };

  /** What is held, as memoryLeft wants it. */
  get needs(): ReadonlyArray<readonly [number, string, number]> {
    return [
      [this.rows.size, 'tasks', 110],
      [this.members.length, 'goroutines of tasks', 24],
      [this.regions.name.length, 'regions', 50],
      [this.logs.time.length, 'logs', 36],
    ];
  }

  beginTask(id: number, parent: number, name: number, time: number, goroutine: number): void {
    const { tasks } = this;
    const row = this.named(id, goroutine);
    tasks.name.rows[row] = name;
    tasks.from.rows[row] = time;
    // An id that is begun again is another task, of which the last counts.
    tasks.to.rows[row] = NaN;
    if (parent > 0 && tasks.parent.rows[row] < 0) {
      const parentRow = this.row(parent);
      tasks.parent.rows[row] = parentRow;
    }
  }

  endTask(id: number, time: number, goroutine: number): void {
    const row = this.named(id, goroutine);
    this.tasks.to.rows[row] = time;
  }

  log(time: number, goroutine: number, task: number, key: number, value: number): void {
    const { logs } = this;
    logs.time.push(time);
    logs.goroutine.push(goroutine);
    logs.task.push(this.named(task, goroutine));
    logs.key.push(key);
    logs.value.push(value);
  }

  beginRegion(goroutine: number, task: number, name: number, time: number): void {
    const row = this.pushRegion(goroutine, this.named(task, goroutine), name, time, 0);
    const open = this.opened.get(goroutine);
    if (open) {
      open.push(row);
    } else {
      this.opened.set(goroutine, [row]);
    }
  }

  /** @param from when the goroutine began, for a region that was there before the trace */
  endRegion(goroutine: number, task: number, name: number, time: number, from: number): void {
    const row =
      this.opened.get(goroutine)?.pop() ??
      this.pushRegion(goroutine, this.named(task, goroutine), name, from, Open.start);
    this.regions.to.rows[row] = time;
  }

  /** A goroutine that is made inside of a region is of its task. */
  inherit(goroutine: number, creator: number, time: number): void {
    const outer = this.opened.get(creator)?.at(-1);
    if (outer !== undefined) {
      this.opened.set(goroutine, [this.pushRegion(goroutine, this.regions.task.rows[outer], 0, time, 0)]);
    }
  }

  /** Ends the regions of a goroutine with it. */
  endGoroutine(goroutine: number, time: number, open = 0): void {
    for (const row of this.opened.get(goroutine) ?? []) {
      this.regions.to.rows[row] = time;
      this.regions.open.rows[row] |= open | withGoroutine;
    }
    this.opened.delete(goroutine);
  }

  /** Ends all regions that are open where the trace does, or what can be read of it. Tasks go on: their ids are never given again. */
  lose(time: number): void {
    for (const goroutine of [...this.opened.keys()]) {
      this.endGoroutine(goroutine, time, Open.end);
    }
  }

  private pushRegion(goroutine: number, task: number, name: number, from: number, open: number): number {
    const { regions } = this;
    regions.goroutine.push(goroutine);
    regions.task.push(task);
    regions.name.push(name);
    regions.from.push(from);
    regions.to.push(NaN);
    regions.open.push(open);
    return regions.name.length - 1;
  }

  /** Row of a task that a goroutine has to do with. */
  private named(id: number, goroutine: number): number {
    const row = this.row(id);
    this.members.intern(row, goroutine);
    return row;
  }

  private row(id: number): number {
    let row = this.rows.get(id);
    if (row === undefined) {
      const { tasks } = this;
      this.rows.set(id, (row = this.rows.size));
      tasks.id.push(id);
      tasks.name.push(0);
      tasks.parent.push(none);
      tasks.from.push(NaN);
      tasks.to.push(NaN);
    }
    return row;
  }

  /**
   * @param goroutines how many there are
   * @param isSystem whether a goroutine is a system goroutine
   */
  finish(
    duration: number,
    goroutines: number,
    rowOf: (row: number) => number,
    isSystem: (goroutine: number) => boolean
  ): { tasks: Tasks; regions: Regions; logs: Logs } {
    this.lose(duration);
    const { logs } = this;
    return {
      tasks: this.finishTasks(duration, rowOf),
      regions: this.finishRegions(goroutines, rowOf, isSystem),
      logs: {
        length: logs.time.length,
        time: logs.time.finish(),
        goroutine: logs.goroutine.finish(),
        task: logs.task.finish(),
        key: logs.key.finish().map(rowOf),
        value: logs.value.finish().map(rowOf),
      },
    };
  }

  private finishTasks(duration: number, rowOf: (row: number) => number): Tasks {
    const { id, name, parent, from, to } = this.tasks;
    const { first, second, length: members } = this.members.finish();
    const { length } = id;
    const goroutineOffset = new Uint32Array(length + 1);
    first.forEach((task) => goroutineOffset[task + 1]++);
    for (let row = 0; row < length; row++) {
      goroutineOffset[row + 1] += goroutineOffset[row];
    }
    const next = goroutineOffset.slice();
    const goroutine = new Uint32Array(members);
    second.forEach((g, i) => (goroutine[next[first[i]]++] = g));
    const open = new Uint8Array(length).map(
      (_, row) => (Number.isNaN(from.rows[row]) ? Open.start : 0) | (Number.isNaN(to.rows[row]) ? Open.end : 0)
    );
    return {
      length,
      id: id.finish(),
      name: name.finish().map(rowOf),
      parent: parent.finish(),
      from: from.finish().map((time) => (Number.isNaN(time) ? 0 : time)),
      to: to.finish().map((time) => (Number.isNaN(time) ? duration : time)),
      open,
      goroutineOffset,
      goroutine,
    };
  }

  /** Rows of regions by goroutine, then by when they began. */
  private regionOrder(goroutines: number): Uint32Array {
    const { goroutine, from } = this.regions;
    const { order, offsets } = byRow(goroutine, goroutines);
    for (let g = 0; g < goroutines; g++) {
      // One that was there before the trace begins with its goroutine, so it comes first.
      let isSorted = true;
      for (let i = offsets[g] + 1; i < offsets[g + 1]; i++) {
        isSorted &&= from.rows[order[i - 1]] <= from.rows[order[i]];
      }
      if (!isSorted) {
        order.subarray(offsets[g], offsets[g + 1]).sort((a, b) => from.rows[a] - from.rows[b] || a - b);
      }
    }
    return order;
  }

  private finishRegions(
    goroutines: number,
    rowOf: (row: number) => number,
    isSystem: (goroutine: number) => boolean
  ): Regions {
    const { goroutine, name, task, from, to, open } = this.regions;
    const order = this.regionOrder(goroutines).filter(
      (row) => (open.rows[row] & withGoroutine) === 0 || !isSystem(goroutine.rows[row])
    );
    return {
      length: order.length,
      goroutine: picked(goroutine.rows, order),
      name: picked(name.rows, order).map(rowOf),
      task: picked(task.rows, order),
      from: picked(from.rows, order),
      to: picked(to.rows, order),
      open: picked(open.rows, order).map((bits) => bits & ~withGoroutine),
    };
  }
}
