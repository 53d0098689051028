import type { Pattern } from '../text/pattern';
import { shortName } from '../profile/shortNames';
import { calleeTree, callerTree, type CallTree } from './calltree';
import { drawFlame, nearest, type FlameOptions } from './flame';
import { frameNames } from './frameNames';
import { markNames } from './graph';
import type { Prepared } from './preparedProfile';
import type { Table } from './table';
import type { Notice } from '../text/notice';
import { nodeFields } from '../fields/fields';
import { searchPattern } from './searchPattern';
import { reportView } from './view';

/**
 * What the matching functions call, and who calls them: two flame tables whose first level are these functions, below a
 * root that says which half it is. A recursive call counts once, from its rootmost frame. Columns as in drawFlame.
 */
export function sandwich(
  prepared: Prepared,
  options: FlameOptions & { readonly peek: string },
  pattern: Pattern
): [Table, Table] {
  const { profile } = prepared;
  const frames = frameNames(profile, options);
  const start = markNames(frames.names, pattern);
  const half = (title: string, tree: CallTree, selfLevel?: number) =>
    drawFlame(tree, prepared, {
      ...options,
      selfLevel,
      root: `${title} of ${functionsOf(tree)}`,
      levelsApart: nearest,
    });
  const callees = half('Callees', calleeTree(profile, prepared, frames, start));
  const callers = half('Callers', callerTree(profile, prepared, frames, start), -1);
  const notice: Notice = start.includes(1)
    ? {
        severity: 'info',
        text:
          'This is what the function calls. Who calls it is the second frame: Explore draws it below, a panel of a dashboard draws ' +
          'the first alone. There, add one with the view Callers, and the function as Focus and as Prune from.',
      }
    : { severity: 'warning', text: `No function matches "${options.peek}".` };
  return [
    { ...callees, name: `${callees.name} of callees`, notices: [notice, ...callees.notices] },
    { ...callers, name: `${callers.name} of callers`, notices: [] },
  ];
}

/** The function that a tree is of by its short name, or how many they are. */
function functionsOf({ length, parent, name, names, cum, base }: CallTree): string {
  const found = new Set<number>();
  for (let i = 1; i < length; i++) {
    if (parent[i] === 0 && (cum[i] !== 0 || (base && base.cum[i] !== 0))) {
      found.add(name[i]);
    }
  }
  return found.size === 1 ? shortName(names[[...found][0]]) : `${found.size} functions`;
}

export const sandwichView = reportView({
  name: 'sandwich',
  title: 'Sandwich',
  description: 'callees and callers of a function',
  group: 'Profile',
  opens: 'profile',
  base: 'beside',
  panel: 'flamegraph',
  fields: [...nodeFields, 'drawing', 'maxNodes', 'peek'],
  reports: [],
  tables: (prepared, query) => sandwich(prepared, query, searchPattern(query)),
});
