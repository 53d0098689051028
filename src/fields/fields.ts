import type { BaseQueryFields, CaptureFields, LimitFields } from '../captures/choices';
import type { GoroutineOptions } from './goroutineOptions';
import type { ReportOptions } from './reportOptions';
import type { TraceOptions } from './traceOptions';

/** The fields that a query may have, whatever its view. Which of them a view uses, its module says (views/view.ts). */
export interface QueryFields
  extends
    ReportOptions,
    CaptureFields,
    LimitFields,
    ComparisonFields,
    EstimateQueryFields,
    GoroutineOptions,
    TraceOptions {
  /** PromQL's syntax over key labels and sample labels: {service="ingester", profile="heap", tenant_id=~"a|b"}. */
  readonly selector: string;
  /** Where profiles come from: the bucket, or what a Pyroscope has merged of a fleet. */
  readonly readFrom: ReadFromChoice;
  /** Regular expression on names of nodes: those that peek, list and sandwich show; of a trace on functions where goroutines began. */
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
}

export type FieldName = keyof QueryFields;

/** What the chosen capture is compared with, and how. */
export interface ComparisonFields extends BaseQueryFields {
  /** pprof's -diff_base, or its -base, in whose reports equal samples cancel. */
  readonly baseMode: BaseMode;
  /** What the two sides of a difference are in. */
  readonly scale: DiffScale;
  /** What a flame graph of a difference draws. */
  readonly drawing: DiffDrawing;
}

/** Gives samples a label that their profile lacks, as Go's heap profiles do: an estimate, and shown as one. */
export interface EstimateQueryFields {
  readonly estimate: EstimateChoice;
  /** The label. */
  readonly estimateKey: string;
  /** For 'rules': a line each, `regular expression => value`; without a value its first group is the value. */
  readonly estimateRules: string;
}

/** '' for none; by the call paths of labelled samples of the same process; by rules on function names. */
export const estimateChoices = ['', 'paths', 'rules'] as const;
export type EstimateChoice = (typeof estimateChoices)[number];

export const readFromChoices = ['bucket', 'pyroscope'] as const;
export type ReadFromChoice = (typeof readFromChoices)[number];

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

export const defaultComparison = {
  base: '',
  baseEvent: '',
  baseBelow: 70,
  baseInstance: '',
  baseVersion: '',
  baseMode: 'diff_base',
  scale: 'absolute',
  drawing: 'all',
} as const satisfies ComparisonFields;

export const defaultEstimate = {
  estimate: '',
  estimateKey: 'tenant_id',
  estimateRules: '',
} as const satisfies EstimateQueryFields;

export const captureFields = ['capture', 'event', 'at'] as const satisfies readonly FieldName[];

/** How much of many captures is opened. */
export const limitFields = ['maxCaptures', 'maxMiB', 'maxSeconds'] as const satisfies readonly FieldName[];

/** Which samples of a profile, with which frames and labels. */
export const filterFields = [
  'focus',
  'ignore',
  'hideNodes',
  'showNodes',
  'showFrom',
  'pruneFrom',
  'tagFocus',
  'tagIgnore',
  'tagShow',
  'tagHide',
  'tagRoot',
  'tagLeaf',
  'noInlines',
  'showColumns',
  'search',
  // What the search counts as the same stack.
  'collapseStd',
  'signature',
] as const satisfies readonly FieldName[];

/** Which values of samples, in what. */
export const valueFields = [
  'sampleIndex',
  'mean',
  'unit',
  'divideBy',
  'relativePercentages',
] as const satisfies readonly FieldName[];

export const estimateFields = ['estimate', 'estimateKey', 'estimateRules'] as const satisfies readonly FieldName[];

/** What is one node, and how it is named. */
export const nodeFields = [
  'granularity',
  'trimPath',
  'sourcePath',
  'fullNames',
] as const satisfies readonly FieldName[];

/** Which nodes of a graph a report has, and their order. */
export const trimFields = [
  ...nodeFields,
  'sort',
  'dropNegative',
  'nodeCount',
  'nodeFraction',
  'edgeFraction',
  'trim',
  'callTree',
] as const satisfies readonly FieldName[];

export const baseFields = [
  'base',
  'baseEvent',
  'baseBelow',
  'baseInstance',
  'baseVersion',
] as const satisfies readonly FieldName[];
