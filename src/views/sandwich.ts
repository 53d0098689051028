import type { Pattern } from '../profile/pattern';
import { calleeTree, callerTree } from './calltree';
import { drawFlame, type FlameOptions } from './flame';
import { frameNames, markNames } from './graph';
import type { Prepared } from './prepared';
import type { Notice, Table } from './table';

/**
 * What the matching functions call, and who calls them: two flame tables whose first level are these functions. A
 * recursive call counts once, from its rootmost frame. Columns as in drawFlame.
 */
export function sandwich(prepared: Prepared, options: FlameOptions, pattern: Pattern): [Table, Table] {
  const { profile } = prepared;
  const frames = frameNames(profile, options);
  const start = markNames(frames.names, pattern);
  const callees = drawFlame(calleeTree(profile, prepared, frames, start), prepared, options);
  const callers = drawFlame(callerTree(profile, prepared, frames, start), prepared, { ...options, selfLevel: -1 });
  const notice: Notice = {
    severity: 'info',
    text:
      'This is what the function calls. Who calls it is the second frame: Explore draws it below, a panel of a dashboard draws ' +
      'the first alone. There, add one with the view Callers, and the function as Focus and as Prune from.',
  };
  return [
    { ...callees, name: `${callees.name} of callees`, notices: [notice, ...callees.notices] },
    { ...callers, name: `${callers.name} of callers`, notices: [] },
  ];
}
