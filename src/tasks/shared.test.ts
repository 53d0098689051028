import { SharedTasks } from './shared';

const never = new AbortController().signal;
const deferred = <T>() => {
  let resolve = (_: T) => {};
  let reject = (_: unknown) => {};
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
};
const ticks = () => new Promise((resolve) => setTimeout(resolve, 1));

test('work under way is done once for all who ask for it, and again afterwards', async () => {
  const tasks = new SharedTasks<number>();
  const work = jest.fn(async (): Promise<number> => work.mock.calls.length);
  expect(await Promise.all([1, 2, 3].map(() => tasks.run('a', never, work)))).toEqual([1, 1, 1]);
  expect(await Promise.all([tasks.run('a', never, work), tasks.run('b', never, work)])).toEqual([2, 3]);
});

test('one who leaves has the reason at once, the others the answer', async () => {
  const tasks = new SharedTasks<string>();
  const { promise, resolve } = deferred<string>();
  const abort = new AbortController();
  let own: AbortSignal | undefined;
  const work = (signal: AbortSignal) => ((own = signal), promise);
  const left = tasks.run('a', abort.signal, work);
  const stays = tasks.run('a', never, work);
  await ticks();
  abort.abort('enough');
  await expect(left).rejects.toBe('enough');
  expect(own?.aborted).toBe(false);
  resolve('done');
  expect(await stays).toBe('done');
});

test('the last one who leaves aborts it, and who comes then starts it anew', async () => {
  const tasks = new SharedTasks<string>();
  const aborts = [new AbortController(), new AbortController()];
  const signals: AbortSignal[] = [];
  const work = (signal: AbortSignal) => (
    signals.push(signal),
    signals.length === 1 ? new Promise<string>(() => {}) : Promise.resolve('again')
  );
  const left = Promise.allSettled(aborts.map(({ signal }) => tasks.run('a', signal, work)));
  await ticks();
  aborts.forEach((abort) => abort.abort('enough'));
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  expect(await left).toEqual([1, 2].map(() => ({ status: 'rejected', reason: 'enough' })));
  expect(await tasks.run('a', never, work)).toBe('again');
});

test('one who has left before asks nothing', async () => {
  const work = jest.fn();
  await expect(new SharedTasks().run('a', AbortSignal.abort('before'), work)).rejects.toBe('before');
  expect(work).not.toHaveBeenCalled();
});

test('a failure, thrown or rejected, is that of all and is not remembered', async () => {
  const tasks = new SharedTasks<string>();
  let isDown = true;
  const work = () => {
    if (isDown) {
      throw new Error('down');
    }
    return Promise.resolve('up');
  };
  const both = await Promise.allSettled([tasks.run('a', never, work), tasks.run('a', never, work)]);
  expect(both.map((each) => each.status === 'rejected' && String(each.reason))).toEqual(['Error: down', 'Error: down']);
  isDown = false;
  expect(await tasks.run('a', never, work)).toBe('up');
});

test('all who are there are told', async () => {
  const tasks = new SharedTasks<void, (percent: number) => void>();
  const { promise, resolve } = deferred<void>();
  let tell = (_: number) => {};
  const work = (_: AbortSignal, all: (told: (listener: (percent: number) => void) => void) => void) => {
    tell = (percent) => all((listener) => listener(percent));
    return promise;
  };
  const heard: Record<string, number[]> = { first: [], second: [] };
  const abort = new AbortController();
  const first = tasks.run('a', abort.signal, work, (percent) => heard.first.push(percent));
  await ticks();
  tell(10);
  const second = tasks.run('a', never, work, (percent) => heard.second.push(percent));
  tell(20);
  abort.abort('enough');
  await expect(first).rejects.toBe('enough');
  tell(30);
  resolve();
  await second;
  expect(heard).toEqual({ first: [10, 20], second: [20, 30] });
});

test('what can be given away once is copied for the others before anyone has it', async () => {
  const tasks = new SharedTasks<ArrayBuffer>((bytes) => bytes.slice(0));
  const give = async () => {
    const bytes = await tasks.run('a', never, async () => new Uint8Array([1, 2, 3]).buffer);
    structuredClone(bytes, { transfer: [bytes] });
    return bytes.byteLength;
  };
  expect(await Promise.all([give(), give(), give()])).toEqual([0, 0, 0]);
});
