import type { Execution } from '../../profile/execution';
import { fullText } from '../table';
import { stackText } from './unblocked';

/** An execution whose last stack has these calls, innermost first; each function is a location with one line. */
function executionOf(calls: readonly string[]): { execution: Execution; row: number } {
  const strings = [...new Set(calls)];
  // Row 0 is the empty stack; the outermost call comes first.
  const outermostFirst = [...calls].reverse().map((name) => strings.indexOf(name));
  const tables = {
    strings,
    function: { name: Uint32Array.from(strings.keys()) },
    line: { function: Uint32Array.from(strings.keys()) },
    location: { lineOffset: Uint32Array.from({ length: strings.length + 1 }, (_, i) => i) },
    stack: {
      parent: Uint32Array.from([0, ...outermostFirst.keys()]),
      location: Uint32Array.from([0, ...outermostFirst]),
    },
  };
  return { execution: { tables } as unknown as Execution, row: calls.length };
}

const linesOf = (calls: readonly string[]) => {
  const { execution, row } = executionOf(calls);
  return fullText(stackText(execution, row)).split('\n');
};

test('a stack is a line for each call', () => {
  expect(linesOf(['sync.(*Mutex).Unlock', 'main.work', 'main.main'])).toEqual([
    'sync.(*Mutex).Unlock',
    'main.work',
    'main.main',
  ]);
});

test('what calls itself is one line that says how often', () => {
  expect(linesOf(['main.walk', ...Array.from({ length: 1200 }, () => 'main.deep'), 'main.main'])).toEqual([
    'main.walk',
    'main.deep × 1,200',
    'main.main',
  ]);
});

test('a long stack says how many calls it has no line for', () => {
  const lines = linesOf([...Array.from({ length: 30 }, (_, i) => `main.f${i}`), 'main.main', 'main.main']);
  expect(lines).toHaveLength(13);
  expect(lines.slice(-2)).toEqual(['main.f11', '… 20 more']);
});
