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

/** One option of the table; `kind` says how it is entered and written. */
export type ReportOption = {
  /** pprof's name: the flag of the command line. A choice has one flag for each of its values. */
  readonly flag: string;
} & (
  | { readonly kind: 'regexp' | 'tagFilter' | 'keys' | 'text'; readonly field: StringField }
  | { readonly kind: 'number'; readonly field: FieldOf<number> }
  | { readonly kind: 'switch'; readonly field: FieldOf<boolean> }
  | { readonly kind: 'choice'; readonly field: 'granularity'; readonly choices: typeof granularities }
  | { readonly kind: 'choice'; readonly field: 'sort'; readonly choices: readonly ['flat', 'cum'] }
);

export type StringField = Exclude<FieldOf<string>, 'granularity' | 'sort'>;

/**
 * Every option once, in the order in which editors show them. The command line and the editor
 * (editors/optionTexts.ts) are drawn from it.
 */
export const reportOptions: readonly ReportOption[] = [
  option('sampleIndex', 'sample_index', 'text'),
  option('focus', 'focus', 'regexp'),
  option('ignore', 'ignore', 'regexp'),
  option('hideNodes', 'hide', 'regexp'),
  option('showNodes', 'show', 'regexp'),
  option('showFrom', 'show_from', 'regexp'),
  option('pruneFrom', 'prune_from', 'regexp'),
  option('tagFocus', 'tagfocus', 'tagFilter'),
  option('tagIgnore', 'tagignore', 'tagFilter'),
  option('tagShow', 'tagshow', 'regexp'),
  option('tagHide', 'taghide', 'regexp'),
  option('tagRoot', 'tagroot', 'keys'),
  option('tagLeaf', 'tagleaf', 'keys'),
  { field: 'granularity', flag: 'granularity', kind: 'choice', choices: granularities },
  option('noInlines', 'noinlines', 'switch'),
  option('showColumns', 'showcolumns', 'switch'),
  option('trimPath', 'trim_path', 'text'),
  option('sourcePath', 'source_path', 'text'),
  option('mean', 'mean', 'switch'),
  option('unit', 'unit', 'text'),
  option('divideBy', 'divide_by', 'number'),
  option('normalize', 'normalize', 'switch'),
  option('relativePercentages', 'relative_percentages', 'switch'),
  option('dropNegative', 'drop_negative', 'switch'),
  { field: 'sort', flag: 'sort', kind: 'choice', choices: ['flat', 'cum'] },
  option('nodeCount', 'nodecount', 'number'),
  option('nodeFraction', 'nodefraction', 'number'),
  option('edgeFraction', 'edgefraction', 'number'),
  option('trim', 'trim', 'switch'),
  option('callTree', 'call_tree', 'switch'),
  option('compactLabels', 'compact_labels', 'switch'),
];

function option(
  field: keyof ReportOptions,
  flag: string,
  kind: 'regexp' | 'tagFilter' | 'keys' | 'text' | 'number' | 'switch'
): ReportOption {
  return { field, flag, kind } as ReportOption;
}

/** What differs from pprof's presets, as flags without their dash: `focus=json`, `lines`, `trim=false`. */
export function setFlags(options: ReportOptions): string[] {
  return reportOptions
    .filter(({ field }) => options[field] !== defaultReportOptions[field])
    .map((option) => {
      const value = options[option.field];
      return option.kind === 'choice' ? String(value) : value === true ? option.flag : `${option.flag}=${value}`;
    });
}
