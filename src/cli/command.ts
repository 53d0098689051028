import { readFile } from 'node:fs/promises';
import { decode } from '../decode/decode';
import { compact } from '../ops/compact';
import { MergeBuilder } from '../ops/merge';
import { tagFrames } from '../ops/tagroot';
import { InputError, type Profile } from '../profile/profile';
import { defaultReportOptions, raw, tags, top, traces, type Report, type ReportOptions } from './report';

const reports: Readonly<Record<string, Report>> = { top, text: top, tags, traces, raw };

interface Options extends ReportOptions {
  readonly tagRoot: string;
  readonly tagLeaf: string;
  readonly trim: boolean;
}

const toNumber = (name: string, text: string): number => {
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) {
    throw new InputError(`-${name}=${text}: expected a number.`);
  }
  return value;
};

/** Flags with a value, by pprof's names. */
const valueFlags: Readonly<Record<string, (text: string) => Partial<Options>>> = {
  sample_index: (sampleIndex) => ({ sampleIndex }),
  nodecount: (text) => ({ nodeCount: toNumber('nodecount', text) }),
  nodefraction: (text) => ({ nodeFraction: toNumber('nodefraction', text) }),
  edgefraction: (text) => ({ edgeFraction: toNumber('edgefraction', text) }),
  tagroot: (tagRoot) => ({ tagRoot }),
  tagleaf: (tagLeaf) => ({ tagLeaf }),
  unit: (unit) => ({ unit }),
};
/** Flags without one. */
const switches: Readonly<Record<string, (on: boolean) => Partial<Options>>> = {
  cum: (on) => (on ? { sort: 'cum' } : {}),
  flat: (on) => (on ? { sort: 'flat' } : {}),
  trim: (trim) => ({ trim }),
};

function parseArguments(args: readonly string[]): { report: string; options: Options; files: string[] } {
  let options: Options = { ...defaultReportOptions, tagRoot: '', tagLeaf: '', trim: true };
  const files: string[] = [];
  let report = '';
  for (let i = 0; i < args.length; i++) {
    const flag = /^--?([a-z_]+)(?:=(.*))?$/s.exec(args[i]);
    if (!flag) {
      files.push(args[i]);
      continue;
    }
    const [, name, value] = flag;
    if (name in reports) {
      if (report !== '') {
        throw new InputError(`-${report} and -${name}: expected one report.`);
      }
      report = name;
    } else if (name in switches) {
      options = { ...options, ...switches[name](value !== 'false') };
    } else if (name in valueFlags) {
      const text = value ?? args[++i];
      if (text === undefined) {
        throw new InputError(`-${name}: expected a value.`);
      }
      options = { ...options, ...valueFlags[name](text) };
    } else if (name !== 'symbolize') {
      const known = [...Object.keys(reports), ...Object.keys(switches), ...Object.keys(valueFlags)];
      throw new InputError(`-${name} is not supported; there are ${known.map((k) => `-${k}`).join(' ')}.`);
    }
  }
  if (report === '' || files.length === 0) {
    throw new InputError('usage: npm run -s pprof -- {-top|-tags|-traces|-raw} [flags of go tool pprof] FILE…');
  }
  if (!options.trim) {
    options = { ...options, nodeCount: 0, nodeFraction: 0, edgeFraction: 0 };
  }
  return { report, options, files };
}

/**
 * The text that `go tool pprof -symbolize=none` prints for the same arguments.
 * @throws InputError for an argument or a file that cannot be read as pprof's
 */
export async function pprof(args: readonly string[]): Promise<string> {
  const { report, options, files } = parseArguments(args);
  // As in pprof, one file stays as it is: its equal samples stay apart, its empty ones stay.
  const profile = files.length === 1 ? await open(files[0]) : await openMerged(files);
  return reports[report](tagFrames(profile, options), options);
}

async function openMerged(files: readonly string[]): Promise<Profile> {
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
