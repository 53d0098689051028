import { diffView } from '../views/diff';
import { callersView, flameView } from '../views/flame';
import { heatMapView, instancesView, outliersView } from '../views/fleet/instances';
import { overTimeView } from '../views/fleet/overTime';
import { versionsView } from '../views/fleet/versions';
import { blockersView } from '../views/goroutines/blockers';
import { creatorsView } from '../views/goroutines/creators';
import { goroutinesView } from '../views/goroutines/goroutines';
import { leakSeriesView, leaksView, statesView } from '../views/goroutines/history';
import { growthView } from '../views/growth';
import { listView } from '../views/list';
import { processMemoryView } from '../views/memory';
import { graphView } from '../views/nodeGraph';
import { peekView, treeView } from '../views/peek';
import { sandwichView } from '../views/sandwich';
import { sizesView } from '../views/sizes';
import { tagsView } from '../views/tags';
import { topView } from '../views/top';
import { tracesView } from '../views/traces';

/** The table of views that open profiles, in the order of the editor's list. They run in the worker. */
export const profileViews = [
  flameView,
  topView,
  callersView,
  sandwichView,
  peekView,
  treeView,
  listView,
  graphView,
  tagsView,
  sizesView,
  tracesView,
  processMemoryView,
  diffView,
  growthView,
  instancesView,
  outliersView,
  heatMapView,
  versionsView,
  overTimeView,
  goroutinesView,
  creatorsView,
  blockersView,
  leaksView,
  leakSeriesView,
  statesView,
] as const;
