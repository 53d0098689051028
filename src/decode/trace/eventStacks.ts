import { Ev } from './eventTypes';

/** For each type which argument is the stack of who did it; -1 for none. */
export const ownStack = new Int8Array(256).fill(-1);
/** For each type which argument is the stack of the goroutine whose state changes; -1 for none. */
export const subjectStack = new Int8Array(256).fill(-1);

for (const [type, own, subject] of [
  [Ev.goCreate, 2, 1],
  [Ev.goCreateBlocked, 2, 1],
  [Ev.goStop, 1, 1],
  [Ev.goBlock, 1, 1],
  [Ev.goSyscallBegin, 1, 1],
  [Ev.goStatusStack, 3, 3],
  [Ev.goUnblock, 2, -1],
]) {
  ownStack[type] = own;
  subjectStack[type] = subject;
}
