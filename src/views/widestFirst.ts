import { grown } from '../profile/grown';
import type { Bounds } from './drawnRows';

/** Nodes of a tree, parents first, of which each gets those right below it when it is opened. */
export abstract class OpenedNodes {
  length = 0;
  parent = new Int32Array(1024);
  name = new Uint32Array(1024);
  level = new Uint32Array(1024);
  /** Value with everything below; in a difference that of both sides. */
  width = new Float64Array(1024);
  /** By node: where what it stands for begins and ends. */
  protected from = new Uint32Array(1024);
  protected to = new Uint32Array(1024);
  /** By node: how many right below it are not open, of those with a value. */
  private closed = new Uint32Array(1024);

  /** Makes the nodes right below a node. */
  abstract open(node: number): void;

  /**
   * Opens the widest nodes until no other can be drawn. A node that is drawn takes a row, and a second one while something
   * below it is not open: that is drawn as well, or in its `other`. The root is open from the start.
   * @returns a width that all have which are drawn
   */
  openWidest({ maxNodes, maxDepth }: Bounds): number {
    const waiting = new WidestFirst();
    let least = Infinity;
    let node = 0;
    let rows = 0;
    for (let noticed = 1; ;) {
      // On most of a path all goes on to one node, which then need not wait.
      let next = 0;
      for (; noticed < this.length; noticed++) {
        const width = this.width[noticed];
        if (width > 0) {
          this.closed[this.parent[noticed]]++;
          if (this.level[noticed] > maxDepth) {
            continue;
          }
          if (width === least) {
            next = noticed;
          } else {
            waiting.push(noticed, width);
          }
        }
      }
      rows += this.closed[node] > 0 ? 2 : 1;
      if (rows > maxNodes || (next === 0 && waiting.length === 0)) {
        return least;
      }
      node = next > 0 ? next : waiting.pop();
      rows -= --this.closed[this.parent[node]] === 0 ? 1 : 0;
      least = this.width[node];
      this.open(node);
    }
  }

  protected add(parent: number, name: number): number {
    const node = this.length++;
    if (node === this.parent.length) {
      this.grow(2 * node);
    }
    this.parent[node] = parent;
    this.name[node] = name;
    this.level[node] = parent < 0 ? 0 : this.level[parent] + 1;
    return node;
  }

  protected grow(nodes: number): void {
    this.parent = grown(this.parent, nodes);
    this.name = grown(this.name, nodes);
    this.level = grown(this.level, nodes);
    this.width = grown(this.width, nodes);
    this.from = grown(this.from, nodes);
    this.to = grown(this.to, nodes);
    this.closed = grown(this.closed, nodes);
  }
}

/** Rows of which the widest is taken first: a heap, in which each has up to four below it that are no wider. */
class WidestFirst {
  length = 0;
  private row = new Uint32Array(1024);
  private width = new Float64Array(1024);

  push(row: number, width: number): void {
    if (this.length === this.row.length) {
      this.row = grown(this.row, 2 * this.length);
      this.width = grown(this.width, 2 * this.length);
    }
    let at = this.length++;
    while (at > 0) {
      const above = (at - 1) >> 2;
      if (this.width[above] >= width) {
        break;
      }
      this.row[at] = this.row[above];
      this.width[at] = this.width[above];
      at = above;
    }
    this.row[at] = row;
    this.width[at] = width;
  }

  /** Takes the widest row out. */
  pop(): number {
    const widest = this.row[0];
    const last = --this.length;
    const width = this.width[last];
    let at = 0;
    for (let first = 1; first < last; first = 4 * at + 1) {
      let below = first;
      for (let other = first + 1; other < Math.min(first + 4, last); other++) {
        below = this.width[other] > this.width[below] ? other : below;
      }
      if (this.width[below] <= width) {
        break;
      }
      this.row[at] = this.row[below];
      this.width[at] = this.width[below];
      at = below;
    }
    this.row[at] = this.row[last];
    this.width[at] = width;
    return widest;
  }
}
