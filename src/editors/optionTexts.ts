import type { ReportOptions } from '../fields/reportOptions';

export const optionGroups = ['Filters', 'Labels', 'Numbers', 'Size'] as const;

/** How the editor names each option of pprof, and what its tooltip says. */
export const optionTexts: Readonly<
  Record<
    keyof ReportOptions,
    { readonly group: (typeof optionGroups)[number]; readonly label: string; readonly help: string }
  >
> = {
  sampleIndex: { group: 'Numbers', label: 'Sample type', help: 'Value to report: a sample type by name.' },
  focus: { group: 'Filters', label: 'Focus', help: 'Keep samples with a frame that matches.' },
  ignore: { group: 'Filters', label: 'Ignore', help: 'Drop samples with a frame that matches.' },
  hideNodes: { group: 'Filters', label: 'Hide', help: 'Leave matching frames out; their value goes to the caller.' },
  showNodes: { group: 'Filters', label: 'Show', help: 'Leave out all frames that do not match.' },
  showFrom: { group: 'Filters', label: 'Show from', help: 'Cut what is above the topmost matching frame.' },
  pruneFrom: { group: 'Filters', label: 'Prune from', help: 'Cut what is below a matching function.' },
  tagFocus: { group: 'Labels', label: 'Tag focus', help: 'Keep samples: key=regexp or key=1kb:2mb.' },
  tagIgnore: { group: 'Labels', label: 'Tag ignore', help: 'Drop samples: key=regexp or key=1kb:2mb.' },
  tagShow: { group: 'Labels', label: 'Tag show', help: 'Keep only labels whose key matches.' },
  tagHide: { group: 'Labels', label: 'Tag hide', help: 'Leave out labels whose key matches.' },
  tagRoot: { group: 'Labels', label: 'Tag root', help: 'Label keys whose values become root frames.' },
  tagLeaf: { group: 'Labels', label: 'Tag leaf', help: 'Label keys whose values become leaf frames.' },
  granularity: {
    group: 'Filters',
    label: 'Granularity',
    help: 'What is one node: a function, a file, a line or an address.',
  },
  noInlines: { group: 'Filters', label: 'No inlines', help: 'Count inlined calls to their caller.' },
  showColumns: { group: 'Filters', label: 'Columns', help: 'Tell columns of a line apart.' },
  trimPath: { group: 'Filters', label: 'Trim path', help: 'Cut these prefixes, separated by colons, off file names.' },
  sourcePath: {
    group: 'Filters',
    label: 'Source path',
    help: 'Cut file names up to a folder of the same name as one of these, where no prefix is given.',
  },
  mean: { group: 'Numbers', label: 'Mean', help: 'Value by count: the first sample type divides.' },
  unit: { group: 'Numbers', label: 'Unit', help: 'Unit of text reports: minimum, auto, kb, ms, …' },
  divideBy: { group: 'Numbers', label: 'Divide by', help: 'Divide all values.' },
  normalize: { group: 'Numbers', label: 'Normalize', help: 'Scale to the total of the base.' },
  relativePercentages: {
    group: 'Numbers',
    label: 'Relative %',
    help: 'Percentages of what the filters leave, not of the whole profile.',
  },
  dropNegative: { group: 'Numbers', label: 'Drop negative', help: 'Leave nodes below zero out.' },
  sort: { group: 'Size', label: 'Sort', help: 'By own value, or by value with callees.' },
  nodeCount: { group: 'Size', label: 'Node count', help: 'Most nodes; -1 for the default.' },
  nodeFraction: { group: 'Size', label: 'Node fraction', help: 'Hide nodes below this share.' },
  edgeFraction: { group: 'Size', label: 'Edge fraction', help: 'Hide edges below this share.' },
  trim: { group: 'Size', label: 'Trim', help: 'Apply the three limits above.' },
  callTree: { group: 'Size', label: 'Call tree', help: 'Graph with one node for each call path.' },
  compactLabels: { group: 'Numbers', label: 'Compact', help: 'Text reports without their header.' },
};
