import { defaultComparison, defaultEstimate, type QueryFields } from './fields';
import { defaultGoroutineOptions } from './goroutineOptions';
import { defaultReportOptions } from './reportOptions';
import { defaultTraceOptions } from './traceOptions';

/** What a field is where a stored query lacks it; its type is that of the field. */
export const defaultFields: QueryFields = {
  ...defaultReportOptions,
  ...defaultGoroutineOptions,
  ...defaultTraceOptions,
  ...defaultComparison,
  ...defaultEstimate,
  selector: '',
  readFrom: 'bucket',
  capture: 'latest',
  event: '',
  at: '',
  maxCaptures: 0,
  maxMiB: 0,
  maxSeconds: 0,
  peek: '',
  maxNodes: 16384,
  groupBy: '',
  fullNames: false,
};
