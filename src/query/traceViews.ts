import { traceGcView } from '../views/trace/gc';
import { traceGoroutinesView } from '../views/trace/goroutines';
import { traceHeapView } from '../views/trace/heap';
import { traceMmuCurveView, traceMmuView } from '../views/trace/mmu';
import { traceLatencyView, tracePausesView } from '../views/trace/pauses';
import { traceSpansView } from '../views/trace/spans';
import { traceSummaryView } from '../views/trace/summary';
import { traceTasksView } from '../views/trace/tasks';
import { traceTimelineView } from '../views/trace/timeline';
import { traceUnblockedView } from '../views/trace/unblocked';
import { traceUnblockedGraphView } from '../views/trace/unblockedGraph';

/** The table of views of execution traces, in the order of the editor's list. They run in the worker, as a chunk of their own. */
export const traceViews = [
  traceSummaryView,
  traceHeapView,
  traceGcView,
  traceGoroutinesView,
  traceTasksView,
  traceSpansView,
  traceTimelineView,
  traceUnblockedView,
  traceUnblockedGraphView,
  traceMmuCurveView,
  traceMmuView,
  tracePausesView,
  traceLatencyView,
] as const;
