import type { ViewInfo } from '../views/view';
import { keyViews } from './keyViews';
import { traceViews } from './traceViews';
import { profileViews } from './views';

// webpack.config.ts folds this module into what it exports, which is plain data: whoever only has to know what views there are
// does not carry their computations.

/** The table of views as plain data, in the order of the editor's list. */
export const viewInfos: readonly ViewInfo[] = [...profileViews, ...traceViews, ...keyViews].map(
  ({ name, title, description, group, opens, base, panel, fields, reports, ...more }) => ({
    name,
    title,
    description,
    group,
    opens,
    base,
    panel,
    fields,
    reports,
    isOfGoroutines: 'isOfGoroutines' in more && more.isOfGoroutines,
  })
);
