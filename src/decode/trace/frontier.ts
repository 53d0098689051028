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
      this.swap(at, (at - 1) >> 1);
    }
    this.swap(0, heap.length - 1);
    heap.pop();
    this.siftDown(0);
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

  private swap(i: number, k: number): void {
    const { heap } = this;
    [heap[i], heap[k]] = [heap[k], heap[i]];
  }

  private siftUp(from: number): number {
    const { heap } = this;
    let i = from;
    for (; i > 0 && heap[(i - 1) >> 1].time > heap[i].time; i = (i - 1) >> 1) {
      this.swap((i - 1) >> 1, i);
    }
    return i;
  }

  private siftDown(from: number): void {
    const { heap } = this;
    for (let i = from; ;) {
      let least = i;
      for (let child = 2 * i + 1; child <= 2 * i + 2 && child < heap.length; child++) {
        least = heap[child].time < heap[least].time ? child : least;
      }
      if (least === i) {
        return;
      }
      this.swap(i, least);
      i = least;
    }
  }
}
