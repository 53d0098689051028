import { frameNames, type FrameOptions } from './frameNames';
import type { Prepared } from './preparedProfile';
import type { Code } from './table';

/**
 * Where the code of nodes is, undefined where nobody asks or a node has no file: the line of a node, and of a whole
 * function its first one, or one inside it where the profile does not say where functions start.
 * @param isWhole marks rows that stand for a function though the granularity is finer
 */
export function codeOf(
  { profile }: Pick<Prepared, 'profile'>,
  options: FrameOptions,
  nodes: ArrayLike<number>,
  isWhole: readonly boolean[] = []
): ReadonlyArray<Code | undefined> | undefined {
  if (!options.withCode) {
    return undefined;
  }
  const { strings, function: func, line } = profile;
  const { granularity = 'functions' } = options;
  const { first } = frameNames(profile, options);
  return Array.from(nodes, (node, row) => {
    const k = first[node] ?? -1;
    const f = k < 0 ? -1 : line.function[k];
    if (f < 0 || func.filename[f] === 0) {
      return undefined;
    }
    const ofFunction = isWhole[row] || granularity === 'functions' || granularity === 'filefunctions';
    const at = ofFunction ? func.startLine[f] || line.line[k] : line.line[k];
    return { file: strings[func.filename[f]], line: granularity === 'files' ? 0 : at };
  });
}
