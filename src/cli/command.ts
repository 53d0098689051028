import { readFile } from 'node:fs/promises';
import { decode } from '../decode/decode';
import { subtractBase, type BaseOptions } from '../ops/base';
import { compact } from '../ops/compact';
import { MergeBuilder } from '../ops/merge';
import { InputError, type Profile } from '../profile/profile';
import { defaultReportOptions, reportOptions, type ReportOption, type ReportOptions } from '../query/options';
import { prepare } from '../query/prepare';
import { untrimmed } from '../views/trimmed';
import { peek, raw, tags, top, traces, tree, type Report } from './report';

const reports: Readonly<Record<string, Report>> = { top, text: top, tree, tags, traces, raw };
const reportNames = [...Object.keys(reports), 'peek'];

/** Older names of sample types that pprof still takes. */
const sampleFlags: Readonly<Record<string, Partial<ReportOptions>>> = {
  inuse_space: { sampleIndex: 'inuse_space' },
  inuse_objects: { sampleIndex: 'inuse_objects' },
  alloc_space: { sampleIndex: 'alloc_space' },
  alloc_objects: { sampleIndex: 'alloc_objects' },
  total_delay: { sampleIndex: 'delay' },
  contentions: { sampleIndex: 'contentions' },
  mean_delay: { sampleIndex: 'delay', mean: true },
};

interface Command {
  report: string;
  /** The pattern of -peek. */
  pattern: string;
  options: ReportOptions;
  base: { files: string[]; mode: BaseOptions['mode'] };
  files: string[];
}

function toNumber(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) {
    throw new InputError(`-${name}=${text}: expected a number.`);
  }
  return value;
}

/** What a flag without a value sets: a switch, or the choice that it names. */
function switched(name: string, on: boolean): Partial<ReportOptions> | undefined {
  for (const option of reportOptions) {
    if (option.kind === 'switch' && option.flag === name) {
      return { [option.field]: on };
    }
    if (option.kind === 'choice' && (option.choices as readonly string[]).includes(name)) {
      return on ? { [option.field]: name } : {};
    }
  }
  return on ? sampleFlags[name] : Object.hasOwn(sampleFlags, name) ? {} : undefined;
}

const isValued = (option: ReportOption) => option.kind !== 'switch' && option.kind !== 'choice';

function parseArguments(args: readonly string[]): Command {
  const command: Command = {
    report: '',
    pattern: '',
    options: defaultReportOptions,
    base: { files: [], mode: 'base' },
    files: [],
  };
  const set = (patch: Partial<ReportOptions>) => {
    command.options = { ...command.options, ...patch };
  };
  for (let i = 0; i < args.length; i++) {
    const flag = /^--?([a-z_]+)(?:=(.*))?$/s.exec(args[i]);
    if (!flag) {
      command.files.push(args[i]);
      continue;
    }
    const [, name, value] = flag;
    const text = (): string => {
      const given = value ?? args[++i];
      if (given === undefined) {
        throw new InputError(`-${name}: expected a value.`);
      }
      return given;
    };
    const patch = switched(name, value !== 'false');
    const option = reportOptions.find((candidate) => isValued(candidate) && candidate.flag === name);
    if (reportNames.includes(name)) {
      if (command.report !== '') {
        throw new InputError(`-${command.report} and -${name}: expected one report.`);
      }
      command.report = name;
      command.pattern = name === 'peek' ? text() : '';
    } else if (name === 'base' || name === 'diff_base') {
      if (command.base.files.length > 0 && command.base.mode !== name) {
        throw new InputError('-base and -diff_base: expected one of them.');
      }
      command.base.mode = name;
      command.base.files.push(text());
    } else if (patch) {
      set(patch);
    } else if (option) {
      const given = text();
      set({ [option.field]: option.kind === 'number' ? toNumber(name, given) : given });
    } else if (name !== 'symbolize') {
      const flags = reportOptions.flatMap((known) => (known.kind === 'choice' ? known.choices : [known.flag]));
      const known = [...reportNames, 'base', 'diff_base', ...flags, ...Object.keys(sampleFlags)];
      throw new InputError(`-${name} is not supported; there are ${known.map((k) => `-${k}`).join(' ')}.`);
    }
  }
  if (command.report === '' || command.files.length === 0) {
    throw new InputError(
      'usage: npm run -s pprof -- {-top|-tree|-peek=REGEXP|-tags|-traces|-raw} [flags of go tool pprof] FILE…'
    );
  }
  if (command.options.normalize && command.base.files.length === 0) {
    throw new InputError('-normalize: expected a base to normalize by, -base=FILE or -diff_base=FILE.');
  }
  return command;
}

/** What a report sets whatever was asked (internal/driver, applyCommandOverrides). */
function overrides(report: string, options: ReportOptions): ReportOptions {
  const bounded = options.trim && report !== 'raw' ? options : untrimmed(options);
  return report === 'raw' ? { ...bounded, granularity: 'addresses' } : bounded;
}

/**
 * The text that `go tool pprof -symbolize=none` prints for the same arguments.
 * @param warn called with each notice, which pprof prints to stderr
 * @throws InputError for an argument or a file that cannot be read as pprof's
 */
export async function pprof(args: readonly string[], warn: (text: string) => void = () => undefined): Promise<string> {
  const { report, pattern, options: asked, base, files } = parseArguments(args);
  const options = overrides(report, asked);
  const own = await openAll(files);
  const profile =
    base.files.length === 0
      ? own
      : compact(subtractBase(own, await openAll(base.files), { mode: base.mode, normalize: options.normalize }));
  const prepared = prepare(profile, options);
  prepared.notices.forEach(({ text }) => warn(text));
  return report === 'peek' ? peek(prepared, options, pattern) : reports[report](prepared, options);
}

/** As in pprof, one file stays as it is: its equal samples stay apart, its empty ones stay. */
async function openAll(files: readonly string[]): Promise<Profile> {
  if (files.length === 1) {
    return open(files[0]);
  }
  const builder = new MergeBuilder();
  for (const file of files) {
    builder.add(await open(file));
  }
  return compact(builder.finish());
}

async function open(file: string): Promise<Profile> {
  try {
    return await decode(await readFile(file));
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${file}: ${error.message}`) : error;
  }
}
