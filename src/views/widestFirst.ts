import { grown } from '../profile/grown';

/** Rows of which the widest is taken first: a heap, in which each has up to four below it that are no wider. */
export class WidestFirst {
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
