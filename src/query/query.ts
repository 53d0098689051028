import { baseChoices, captureChoices, type BaseFields, type CaptureFields } from '../captures/choices';
import { InputError } from '../text/notice';
import { defaultGoroutineOptions, goroutineViews, historyViews, type GoroutineOptions } from './goroutineOptions';
import { defaultReportOptions, type ReportOptions } from './options';

/** The query as plain data. Grafana's DataQuery fields (refId, hide, datasource) are added in `datasource.ts`. */
export interface Query extends ReportOptions, CaptureFields, ComparisonFields, EstimateOptions, GoroutineOptions {
  readonly view: View;
  /** PromQL's syntax over key labels and sample labels: {service="ingester", profile="heap", tenant_id=~"a|b"}. */
  readonly selector: string;
  /** Regular expression on names of nodes: those that peek, list and sandwich show. */
  readonly peek: string;
  /** Nodes drawn in a flame graph; the rest becomes a node named `other`. */
  readonly maxNodes: number;
  /**
   * Label keys, separated by commas: what splits a series ('' for one per instance), and groups of goroutines ('' for one
   * per signature).
   */
  readonly groupBy: string;
  /** Names of functions with their whole path and type arguments, not as pprof's web page shortens them. */
  readonly fullNames: boolean;
  /** Set where the settings have links to code, never stored: columns of names say where their code is. */
  readonly withCode?: boolean;
}

/** What the chosen capture is compared with, and how. */
export interface ComparisonFields extends BaseFields {
  /** pprof's -diff_base, or its -base, in whose reports equal samples cancel. */
  readonly baseMode: BaseMode;
  /** What the two sides of a difference are in. */
  readonly scale: DiffScale;
  /** What a flame graph of a difference draws. */
  readonly drawing: DiffDrawing;
}

/** Gives samples a label that their profile lacks, as Go's heap profiles do: an estimate, and shown as one. */
export interface EstimateOptions {
  readonly estimate: EstimateChoice;
  /** The label. */
  readonly estimateKey: string;
  /** For 'rules': a line each, `regular expression => value`; without a value its first group is the value. */
  readonly estimateRules: string;
}

/** '' for none; by the call paths of labelled samples of the same process; by rules on function names. */
export const estimateChoices = ['', 'paths', 'rules'] as const;
export type EstimateChoice = (typeof estimateChoices)[number];

/** The views that open profiles. */
export const profileViews = [
  'flame',
  'callers',
  'sandwich',
  'graph',
  'top',
  'diff',
  'tree',
  'peek',
  'list',
  'tags',
  'traces',
  'sizes',
  ...goroutineViews,
] as const;
export type ProfileView = (typeof profileViews)[number];

/** The views that open all captures of one process. */
export const processViews = ['growth', ...historyViews] as const;

/** `memory` opens a capture and its meta.json, `event` the latter alone; those after them come from keys alone. */
export const views = [
  ...profileViews,
  ...processViews,
  'memory',
  'event',
  'captures',
  'series',
  'events',
  'exemplars',
] as const;
export type View = (typeof views)[number];

export const isProfileView = (view: View): view is ProfileView => (profileViews as readonly View[]).includes(view);

export const isProcessView = (view: View): boolean => (processViews as readonly View[]).includes(view);

/** Views that a base changes. */
export const isComparedView = (view: View): boolean => isProfileView(view) && view !== 'blockers';

/** Views whose rows, nodes or series are functions. */
export const namesFunctions = (view: View): boolean =>
  (isProfileView(view) && view !== 'tags') || (isProcessView(view) && view !== 'states');

export const baseModes = ['diff_base', 'base'] as const;
export type BaseMode = (typeof baseModes)[number];

/** As they are, in a second, or as shares of each side's total. */
export const diffScales = ['absolute', 'rate', 'percent'] as const;
export type DiffScale = (typeof diffScales)[number];

/**
 * Both sides, or what grew or shrank alone, call path by call path: the answer to what takes the memory now that did not
 * before. Per second of the time between two moments only changes can be drawn: 'all' draws what grew.
 */
export const diffDrawings = ['all', 'grown', 'shrunk'] as const;
export type DiffDrawing = (typeof diffDrawings)[number];

/** Views that are flame graphs. */
export const isFlameView = (view: View): boolean => ['flame', 'callers', 'sandwich', 'creators'].includes(view);

/** @throws InputError for what a stored query has instead of what is expected: anyone may write one by hand */
export function checkQuery(query: Query): void {
  for (const [field, standard] of Object.entries(defaultQuery)) {
    const value = query[field as keyof Query];
    if (typeof value !== typeof standard || Number.isNaN(value)) {
      throw new InputError(`The query's ${field} is ${JSON.stringify(value)}: expected a ${typeof standard}.`);
    }
  }
  const chosen = { view: views, capture: captureChoices, base: baseChoices, baseMode: baseModes, scale: diffScales };
  for (const [field, choices] of Object.entries({ ...chosen, drawing: diffDrawings, estimate: estimateChoices })) {
    const value = query[field as keyof typeof chosen];
    if (!(choices as readonly string[]).includes(value)) {
      const expected = choices.filter((choice) => choice !== '').join(', ');
      throw new InputError(`The query's ${field} is ${JSON.stringify(value)}: expected one of ${expected}.`);
    }
  }
  if (query.maxNodes < 1) {
    throw new InputError(`The query's maxNodes is ${query.maxNodes}: expected at least 1.`);
  }
}

export const defaultQuery: Query = {
  ...defaultReportOptions,
  ...defaultGoroutineOptions,
  view: 'flame',
  selector: '',
  capture: 'latest',
  event: '',
  at: '',
  base: '',
  baseEvent: '',
  baseBelow: 70,
  baseInstance: '',
  baseVersion: '',
  baseMode: 'diff_base',
  scale: 'absolute',
  drawing: 'all',
  estimate: '',
  estimateKey: 'tenant_id',
  estimateRules: '',
  peek: '',
  maxNodes: 16384,
  groupBy: '',
  fullNames: false,
};
