import { StayState } from '../../profile/execution';
import { StayColumns } from './stayColumns';

const { runnable, running, waiting } = StayState;

describe('StayColumns', () => {
  it('sorts by goroutine what lies further apart than 32 bits of ns', () => {
    const columns = new StayColumns();
    const times = [0, 5, 2 ** 32, 2 ** 32 + 6, 2 ** 52];
    times.forEach((time, i) => {
      columns.push(1, time, running, 0, 0, 0);
      columns.push(0, time + 1, waiting, i, 70_000 + i, -1);
    });
    const { stays, stayOffset, ofProcessors } = columns.finish(2, 1, times.length, 80_000);
    expect([...stayOffset]).toEqual([0, 5, 10]);
    expect([...stays.from]).toEqual([...times.map((time) => time + 1), ...times]);
    expect([...stays.reason]).toEqual([0, 1, 2, 3, 4, 0, 0, 0, 0, 0]);
    expect([...stays.stack.slice(0, 6)]).toEqual([70_000, 70_001, 70_002, 70_003, 70_004, 0]);
    expect([...ofProcessors.stay]).toEqual([5, 6, 7, 8, 9]);
  });

  it.each([
    [32_768, 65_536],
    [32_769, 65_537],
  ])('holds the last of %s goroutines and of %s stacks', (goroutines, stacks) => {
    const columns = new StayColumns();
    columns.push(goroutines - 1, 7, runnable, 0, stacks - 1, goroutines - 1);
    const { stays, stayOffset } = columns.finish(goroutines, 1, 1, stacks);
    expect([stays.stack[0], stays.by[0]]).toEqual([stacks - 1, goroutines - 1]);
    expect([...stayOffset.slice(-2)]).toEqual([0, 1]);
  });

  it('holds stays that are seconds apart in the bytes of those that follow each other', () => {
    const columns = new StayColumns();
    // A megabyte for each would be 20 GB.
    for (let i = 0; i < 20_000; i++) {
      columns.push(0, i * 5e9, i % 2 ? running : waiting, 0, 0, -1);
    }
    const { stays } = columns.finish(1, 0, 1, 1);
    expect([stays.length, stays.from[19_999]]).toEqual([20_000, 19_999 * 5e9]);
  });
});
