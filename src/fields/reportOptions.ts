export const granularities = ['functions', 'filefunctions', 'files', 'lines', 'addresses'] as const;
export type Granularity = (typeof granularities)[number];

/**
 * Options of a report: pprof's names in camelCase, with pprof's presets and meaning (google/pprof
 * internal/driver/config.go and commands.go). Regular expressions are RE2's, searched anywhere in function, file and
 * binary names.
 */
export interface ReportOptions {
  /** Sample type by name or 0-based index; '' for the profile's default. */
  readonly sampleIndex: string;
  readonly focus: string;
  readonly ignore: string;
  /** pprof's `hide`, a name that Grafana gives to queries that are not run. */
  readonly hideNodes: string;
  /** pprof's `show`. */
  readonly showNodes: string;
  readonly showFrom: string;
  readonly pruneFrom: string;
  /** `[key=]value`: a number or range with a unit, else a comma list of regular expressions. */
  readonly tagFocus: string;
  readonly tagIgnore: string;
  /** Regular expressions on label keys. */
  readonly tagShow: string;
  readonly tagHide: string;
  /** Comma lists of exact label keys. */
  readonly tagRoot: string;
  readonly tagLeaf: string;
  readonly granularity: Granularity;
  readonly noInlines: boolean;
  readonly showColumns: boolean;
  /** What file names are cut off: prefixes, or names of folders, each list separated by colons as in PATH. */
  readonly trimPath: string;
  readonly sourcePath: string;
  readonly mean: boolean;
  readonly unit: string;
  readonly divideBy: number;
  readonly normalize: boolean;
  readonly relativePercentages: boolean;
  readonly dropNegative: boolean;
  readonly sort: 'flat' | 'cum';
  /** -1: all in a text report, 80 in -tree. */
  readonly nodeCount: number;
  readonly nodeFraction: number;
  readonly edgeFraction: number;
  readonly trim: boolean;
  readonly callTree: boolean;
  readonly compactLabels: boolean;
}

export const defaultReportOptions: ReportOptions = {
  sampleIndex: '',
  focus: '',
  ignore: '',
  hideNodes: '',
  showNodes: '',
  showFrom: '',
  pruneFrom: '',
  tagFocus: '',
  tagIgnore: '',
  tagShow: '',
  tagHide: '',
  tagRoot: '',
  tagLeaf: '',
  granularity: 'functions',
  noInlines: false,
  showColumns: false,
  trimPath: '',
  sourcePath: '',
  mean: false,
  unit: 'minimum',
  divideBy: 1,
  normalize: false,
  relativePercentages: false,
  dropNegative: false,
  sort: 'flat',
  nodeCount: -1,
  nodeFraction: 0.005,
  edgeFraction: 0.001,
  trim: true,
  callTree: false,
  compactLabels: false,
};

type FieldOf<T> = { [K in keyof ReportOptions]: ReportOptions[K] extends T ? K : never }[keyof ReportOptions];

export type OptionGroup = 'Filters' | 'Labels' | 'Numbers' | 'Size';

interface OptionText {
  /** pprof's name: the flag of the command line. A choice has one flag for each of its values. */
  readonly flag: string;
  readonly group: OptionGroup;
  readonly label: string;
  readonly help: string;
}

/** One option of the table; `kind` says how it is entered and written. */
export type ReportOption = OptionText &
  (
    | { readonly kind: 'regexp' | 'tagFilter' | 'keys' | 'text'; readonly field: StringField }
    | { readonly kind: 'number'; readonly field: FieldOf<number> }
    | { readonly kind: 'switch'; readonly field: FieldOf<boolean> }
    | { readonly kind: 'choice'; readonly field: 'granularity'; readonly choices: typeof granularities }
    | { readonly kind: 'choice'; readonly field: 'sort'; readonly choices: readonly ['flat', 'cum'] }
  );

export type StringField = Exclude<FieldOf<string>, 'granularity' | 'sort'>;

/** Every option once, in the order in which editors show them. The command line and the editor are drawn from it. */
export const reportOptions: readonly ReportOption[] = [
  option('sampleIndex', 'sample_index', 'text', 'Numbers', 'Sample type', 'Value to report: a sample type by name.'),
  option('focus', 'focus', 'regexp', 'Filters', 'Focus', 'Keep samples with a frame that matches.'),
  option('ignore', 'ignore', 'regexp', 'Filters', 'Ignore', 'Drop samples with a frame that matches.'),
  option(
    'hideNodes',
    'hide',
    'regexp',
    'Filters',
    'Hide',
    'Leave matching frames out; their value goes to the caller.'
  ),
  option('showNodes', 'show', 'regexp', 'Filters', 'Show', 'Leave out all frames that do not match.'),
  option('showFrom', 'show_from', 'regexp', 'Filters', 'Show from', 'Cut what is above the topmost matching frame.'),
  option('pruneFrom', 'prune_from', 'regexp', 'Filters', 'Prune from', 'Cut what is below a matching function.'),
  option('tagFocus', 'tagfocus', 'tagFilter', 'Labels', 'Tag focus', 'Keep samples: key=regexp or key=1kb:2mb.'),
  option('tagIgnore', 'tagignore', 'tagFilter', 'Labels', 'Tag ignore', 'Drop samples: key=regexp or key=1kb:2mb.'),
  option('tagShow', 'tagshow', 'regexp', 'Labels', 'Tag show', 'Keep only labels whose key matches.'),
  option('tagHide', 'taghide', 'regexp', 'Labels', 'Tag hide', 'Leave out labels whose key matches.'),
  option('tagRoot', 'tagroot', 'keys', 'Labels', 'Tag root', 'Label keys whose values become root frames.'),
  option('tagLeaf', 'tagleaf', 'keys', 'Labels', 'Tag leaf', 'Label keys whose values become leaf frames.'),
  {
    field: 'granularity',
    flag: 'granularity',
    kind: 'choice',
    choices: granularities,
    group: 'Filters',
    label: 'Granularity',
    help: 'What is one node: a function, a file, a line or an address.',
  },
  option('noInlines', 'noinlines', 'switch', 'Filters', 'No inlines', 'Count inlined calls to their caller.'),
  option('showColumns', 'showcolumns', 'switch', 'Filters', 'Columns', 'Tell columns of a line apart.'),
  option(
    'trimPath',
    'trim_path',
    'text',
    'Filters',
    'Trim path',
    'Cut these prefixes, separated by colons, off file names.'
  ),
  option(
    'sourcePath',
    'source_path',
    'text',
    'Filters',
    'Source path',
    'Cut file names up to a folder of the same name as one of these, where no prefix is given.'
  ),
  option('mean', 'mean', 'switch', 'Numbers', 'Mean', 'Value by count: the first sample type divides.'),
  option('unit', 'unit', 'text', 'Numbers', 'Unit', 'Unit of text reports: minimum, auto, kb, ms, …'),
  option('divideBy', 'divide_by', 'number', 'Numbers', 'Divide by', 'Divide all values.'),
  option('normalize', 'normalize', 'switch', 'Numbers', 'Normalize', 'Scale to the total of the base.'),
  option(
    'relativePercentages',
    'relative_percentages',
    'switch',
    'Numbers',
    'Relative %',
    'Percentages of what the filters leave, not of the whole profile.'
  ),
  option('dropNegative', 'drop_negative', 'switch', 'Numbers', 'Drop negative', 'Leave nodes below zero out.'),
  {
    field: 'sort',
    flag: 'sort',
    kind: 'choice',
    choices: ['flat', 'cum'],
    group: 'Size',
    label: 'Sort',
    help: 'By own value, or by value with callees.',
  },
  option('nodeCount', 'nodecount', 'number', 'Size', 'Node count', 'Most nodes; -1 for the default.'),
  option('nodeFraction', 'nodefraction', 'number', 'Size', 'Node fraction', 'Hide nodes below this share.'),
  option('edgeFraction', 'edgefraction', 'number', 'Size', 'Edge fraction', 'Hide edges below this share.'),
  option('trim', 'trim', 'switch', 'Size', 'Trim', 'Apply the three limits above.'),
  option('callTree', 'call_tree', 'switch', 'Size', 'Call tree', 'Graph with one node for each call path.'),
  option('compactLabels', 'compact_labels', 'switch', 'Numbers', 'Compact', 'Text reports without their header.'),
];

function option(
  field: keyof ReportOptions,
  flag: string,
  kind: 'regexp' | 'tagFilter' | 'keys' | 'text' | 'number' | 'switch',
  group: OptionGroup,
  label: string,
  help: string
): ReportOption {
  return { field, flag, kind, group, label, help } as ReportOption;
}
