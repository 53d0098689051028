import { randomSource } from '../profile/random';

/** Choices that are the same in each run of a seed. */
export class Random {
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = randomSource(seed);
  }

  /** 0 to limit - 1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  is(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)];
  }
}
