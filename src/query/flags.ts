import { InputError } from '../profile/profile';
import { defaultReportOptions, reportOptions, type ReportOptions } from './options';

/** Older names of sample types that pprof still takes, in its order: the first that is set counts (internal/driver/cli.go). */
const sampleFlags: Readonly<Record<string, string>> = {
  total_delay: 'delay',
  mean_delay: 'delay',
  contentions: 'contentions',
  inuse_space: 'inuse_space',
  inuse_objects: 'inuse_objects',
  alloc_space: 'alloc_space',
  alloc_objects: 'alloc_objects',
};

/** Arguments of a command line, read one after the other. */
export class Arguments {
  private at = 0;
  constructor(private readonly words: readonly string[]) {}

  /** The next flag, or the next argument that is none; undefined after the last. */
  next(): { flag: string; given: string | undefined } | { file: string } | undefined {
    const word = this.words[this.at++];
    const flag = /^--?([a-z_]+)(?:=(.*))?$/s.exec(word ?? '');
    return word === undefined ? undefined : flag ? { flag: flag[1], given: flag[2] } : { file: word };
  }

  /** What a flag is given: after its "=", or as the next argument. @throws InputError where there is none */
  value(flag: string, given: string | undefined): string {
    const value = given ?? this.words[this.at++];
    if (value === undefined) {
      throw new InputError(`-${flag}: expected a value.`);
    }
    return value;
  }
}

/** Collects what flags of pprof's reports set, in the order of a command line. */
export class ReportFlags {
  private set: Partial<ReportOptions> = {};
  /** Of each choice the flag that chose it. */
  private readonly chosen = new Map<string, string>();
  private readonly sampleFlags = new Set<string>();

  /**
   * Takes a switch (`-trim=false` too), a choice by its name (`-cum`, `-lines`), or an option with a value.
   * @returns false for a flag of no option
   * @throws InputError for a value that cannot be read, or a second flag of one choice
   */
  take(flag: string, given: string | undefined, args: Arguments): boolean {
    if (Object.hasOwn(sampleFlags, flag)) {
      if (toSwitch(flag, given)) {
        this.sampleFlags.add(flag);
      }
      return true;
    }
    const option = reportOptions.find((candidate) =>
      candidate.kind === 'choice' ? (candidate.choices as readonly string[]).includes(flag) : candidate.flag === flag
    );
    if (!option) {
      return false;
    }
    switch (option.kind) {
      case 'choice':
        if (toSwitch(flag, given)) {
          this.choose(option.field, flag);
        }
        break;
      case 'switch':
        this.add({ [option.field]: toSwitch(flag, given) });
        break;
      case 'number':
        this.add({ [option.field]: toNumber(flag, args.value(flag, given)) });
        break;
      default:
        this.add({ [option.field]: args.value(flag, given) });
    }
    return true;
  }

  /** All options, those that no flag named at pprof's presets. */
  options(): ReportOptions {
    const sampleFlag = Object.keys(sampleFlags).find((flag) => this.sampleFlags.has(flag));
    return {
      ...defaultReportOptions,
      ...(sampleFlag && { sampleIndex: sampleFlags[sampleFlag] }),
      ...(this.sampleFlags.has('mean_delay') && { mean: true }),
      ...this.set,
    };
  }

  private choose(field: string, flag: string): void {
    const other = this.chosen.get(field) ?? flag;
    if (other !== flag) {
      throw new InputError(`-${other} and -${flag}: expected one of them.`);
    }
    this.chosen.set(field, flag);
    this.add({ [field]: flag });
  }

  private add(options: Partial<ReportOptions>): void {
    this.set = { ...this.set, ...options };
  }
}

/** The spellings that Go's flag package takes (strconv.ParseBool). */
function toSwitch(flag: string, given = 'true'): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(given)) {
    return true;
  }
  if (/^(0|f|F|FALSE|false|False)$/.test(given)) {
    return false;
  }
  throw new InputError(`-${flag}=${given}: expected true or false.`);
}

function toNumber(flag: string, text: string): number {
  const value = Number(text);
  const isWhole = flag === 'nodecount';
  if (text.trim() === '' || Number.isNaN(value) || (isWhole && !Number.isInteger(value))) {
    throw new InputError(`-${flag}=${text}: expected a ${isWhole ? 'whole ' : ''}number.`);
  }
  return value;
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

/** Every flag that ReportFlags takes. */
export const reportFlags: readonly string[] = [
  ...reportOptions.flatMap((option) => (option.kind === 'choice' ? option.choices : [option.flag])),
  ...Object.keys(sampleFlags),
];
