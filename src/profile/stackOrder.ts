import type { StackTable } from './profile';

/** The rows of a stack table in depth-first order. */
export interface StackOrder {
  /** Every row but the empty stack; below a row come all rows that go through it. */
  readonly rows: Uint32Array;
  /** Frames of each row of the table: 0 for the empty stack. */
  readonly depth: Uint32Array;
  /** The largest depth. */
  readonly deepest: number;
}

const known = new WeakMap<StackTable, StackOrder>();

/**
 * The order in which one walk over the table has the whole path of each row at hand, which is what counting a recursive
 * call once takes. Made once for a table: filters of samples share it.
 */
export function stackOrder(stack: StackTable): StackOrder {
  let order = known.get(stack);
  if (!order) {
    known.set(stack, (order = makeOrder(stack)));
  }
  return order;
}

function makeOrder({ length, parent }: StackTable): StackOrder {
  // How many rows go through each one: where its next sibling's rows start is then known without a visit.
  const size = new Uint32Array(length).fill(1);
  for (let i = length - 1; i > 0; i--) {
    size[parent[i]] += size[i];
  }
  const depth = new Uint32Array(length);
  const free = new Uint32Array(length);
  const rows = new Uint32Array(Math.max(0, length - 1));
  let deepest = 0;
  for (let i = 1; i < length; i++) {
    const above = parent[i];
    depth[i] = depth[above] + 1;
    deepest = Math.max(deepest, depth[i]);
    const at = free[above];
    rows[at] = i;
    free[above] += size[i];
    free[i] = at + 1;
  }
  return { rows, depth, deepest };
}
