import { PairInterner } from '../../profile/interner';
import { Ev } from './eventTypes';
import { IdTable } from './idTable';
import type { TraceStacks } from './stacks';

/** Keys of logs whose value is the tenant; what is named `tenant=acme` as region or task is of that tenant too. */
export const defaultTenantKeys: readonly string[] = ['tenant', 'tenant_id'];

/** Rows of `strings`, -1 for none. */
export interface Context {
  readonly task: number;
  readonly region: number;
  readonly tenant: number;
}

interface Task {
  readonly name: number;
  readonly parent: Task | undefined;
  tenant: number;
  hasEnded: boolean;
}

interface Region {
  readonly task: Task | undefined;
  readonly name: number;
  readonly tenant: number;
}

/** Tasks around a task that are looked at where it has ended. */
const maxParents = 32;

/**
 * What goroutines work for at a moment: the task of the innermost open region, else the task that the goroutine began or logged
 * to last and that goes on, else the one of the goroutine that started it. The tenant is what a log, a region or a task
 * said, from then on.
 */
export class TaskContexts {
  private readonly tasks = new Map<number, Task>();
  /** By row of goroutines. */
  private readonly own: Array<Task | undefined> = [];
  private readonly regions: Array<Region[] | undefined> = [];
  private readonly tenants: number[] = [];
  /** (task, region) and (that, tenant), each + 1: row 0 is none at all. */
  private readonly places = new PairInterner();
  private readonly contexts = new PairInterner();
  /** Row + 2 of the tenant that a text names, 1 for none; 2 for texts that are keys of tenants, 1 for others. */
  private named = new IdTable();
  private keys = new IdTable();
  private textOf!: (id: number) => string;

  constructor(
    private readonly stacks: TraceStacks,
    private readonly tenantKeys: readonly string[],
    private readonly maxTasks: number
  ) {
    this.contexts.intern(this.places.intern(0, 0), 0);
  }

  startGeneration(textOf: (id: number) => string): void {
    this.textOf = textOf;
    this.named = new IdTable();
    this.keys = new IdTable();
  }

  /** Of a trace that begins anew nothing is known. */
  forget(): void {
    this.tasks.clear();
    this.own.fill(undefined);
    this.regions.fill(undefined);
    this.tenants.fill(-1);
  }

  /** A goroutine begins; `creator` is the row of the one that started it, -1 where none is known. */
  begin(g: number, creator: number): void {
    while (this.own.length <= g) {
      this.own.push(undefined);
      this.regions.push(undefined);
      this.tenants.push(-1);
    }
    this.own[g] = creator < 0 ? undefined : this.taskOf(creator);
    this.tenants[g] = creator < 0 ? -1 : this.tenants[creator];
    this.regions[g] = undefined;
  }

  /** A task, region or log event of a goroutine. @param argument reads the event's arguments */
  event(type: number, g: number, argument: (index: number) => number): void {
    const id = argument(0);
    if (type === Ev.userTaskBegin) {
      const parent = this.task(argument(1));
      const name = argument(2);
      const named = this.tenantNamed(name);
      const tenant = named >= 0 ? named : (parent?.tenant ?? -1);
      this.own[g] = this.addTask(id, { name: this.stacks.text(name), parent, tenant, hasEnded: false });
    } else if (type === Ev.userTaskEnd) {
      const task = this.tasks.get(id);
      if (task) {
        task.hasEnded = true;
        this.tasks.delete(id);
      }
    } else if (type === Ev.userRegionBegin) {
      const name = argument(1);
      const region = { task: this.task(id), name: this.stacks.text(name), tenant: this.tenantNamed(name) };
      (this.regions[g] ??= []).push(region);
    } else if (type === Ev.userRegionEnd) {
      this.regions[g]?.pop();
    } else {
      this.log(g, this.task(id), argument(1), argument(2));
    }
  }

  /** Row of what a goroutine works for now; 0 for nothing. */
  of(g: number): number {
    const region = this.regions[g]?.at(-1);
    const own = this.own[g];
    const said = this.tenants[g];
    if (!region && !own && said < 0) {
      return 0;
    }
    const task = this.taskOf(g);
    const place = this.places.intern((task?.name ?? -1) + 1, (region?.name ?? -1) + 1);
    const tenant = region && region.tenant >= 0 ? region.tenant : task && task.tenant >= 0 ? task.tenant : said;
    return this.contexts.intern(place, tenant + 1);
  }

  context(row: number): Context {
    const { places, contexts } = this;
    const place = contexts.first[row];
    return { task: places.first[place] - 1, region: places.second[place] - 1, tenant: contexts.second[row] - 1 };
  }

  private taskOf(g: number): Task | undefined {
    let task = this.regions[g]?.at(-1)?.task ?? this.own[g];
    for (let i = 0; task?.hasEnded; i++) {
      task = i < maxParents ? task.parent : undefined;
    }
    return task;
  }

  private log(g: number, task: Task | undefined, key: number, value: number): void {
    const isKey = this.isTenantKey(key);
    const tenant = isKey ? this.stacks.text(value) : key === 0 ? this.tenantNamed(value) : -1;
    if (task) {
      this.own[g] = task;
    }
    if (tenant >= 0) {
      if (task) {
        task.tenant = tenant;
      } else {
        this.tenants[g] = tenant;
      }
    }
  }

  /** The task of an id; one that began before the trace has no name. 0 and 2^64-1 are none. */
  private task(id: number): Task | undefined {
    if (id <= 0) {
      return undefined;
    }
    return this.tasks.get(id) ?? this.addTask(id, { name: -1, parent: undefined, tenant: -1, hasEnded: false });
  }

  private addTask(id: number, task: Task): Task {
    if (this.tasks.size < this.maxTasks) {
      this.tasks.set(id, task);
    }
    return task;
  }

  private isTenantKey(id: number): boolean {
    let known = this.keys.get(id);
    if (known === 0 && id !== 0) {
      known = this.tenantKeys.includes(this.textOf(id)) ? 2 : 1;
      this.keys.add(id, known);
    }
    return known === 2;
  }

  private tenantNamed(id: number): number {
    let known = this.named.get(id);
    if (known === 0 && id !== 0) {
      const [, key, value] = /^([^=]*)=(.*)$/s.exec(this.textOf(id)) ?? [];
      known = value && this.tenantKeys.includes(key.trim()) ? this.stacks.tables.string(value.trim()) + 2 : 1;
      this.named.add(id, known);
    }
    return known - 2 < 0 ? -1 : known - 2;
  }
}
