import type { Cursor } from './cursor';

/**
 * The threads of a generation that have events left: a binary heap, the earliest event first. Its moves are those of Go's
 * internal/trace (batchcursor.go), since the order of equal times follows from them.
 */
export class Frontier {
  readonly heap: Cursor[] = [];

  insert(cursor: Cursor): void {
    this.heap.push(cursor);
    this.siftUp(this.heap.length - 1);
  }

  /** Restores the order where the event at `i` is another. */
  update(i: number): void {
    if (i === 0 || this.siftUp(i) === i) {
      this.siftDown(i);
    }
  }

  remove(i: number): void {
    const { heap } = this;
    for (let at = i; at > 0; at = (at - 1) >> 1) {
      heap[at] = heap[(at - 1) >> 1];
    }
    const last = heap.pop();
    if (last && heap.length > 0) {
      heap[0] = last;
      this.siftDown(0);
    }
  }

  /** By time, equal ones as they are, which is a heap again. It nearly was since the last time, so little moves. */
  sort(): void {
    const { heap } = this;
    for (let i = 1; i < heap.length; i++) {
      const cursor = heap[i];
      let k = i;
      for (; k > 0 && heap[k - 1].time > cursor.time; k--) {
        heap[k] = heap[k - 1];
      }
      heap[k] = cursor;
    }
  }

  private siftUp(from: number): number {
    const { heap } = this;
    const cursor = heap[from];
    let i = from;
    for (; i > 0 && heap[(i - 1) >> 1].time > cursor.time; i = (i - 1) >> 1) {
      heap[i] = heap[(i - 1) >> 1];
    }
    heap[i] = cursor;
    return i;
  }

  private siftDown(from: number): void {
    const { heap } = this;
    const { length } = heap;
    const cursor = heap[from];
    const { time } = cursor;
    let i = from;
    for (let child = 2 * i + 1; child < length; child = 2 * i + 1) {
      let least = heap[child];
      let earliest = least.time;
      if (child + 1 < length && heap[child + 1].time < earliest) {
        least = heap[++child];
        earliest = least.time;
      }
      if (earliest >= time) {
        break;
      }
      heap[i] = least;
      i = child;
    }
    heap[i] = cursor;
  }
}
