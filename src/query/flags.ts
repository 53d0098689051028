import { InputError } from '../profile/profile';
import { defaultReportOptions, reportOptions, type ReportOptions } from './options';

/** Older names of sample types that pprof still takes (internal/driver/cli.go). */
const sampleFlags: Readonly<Record<string, Partial<ReportOptions>>> = {
  inuse_space: { sampleIndex: 'inuse_space' },
  inuse_objects: { sampleIndex: 'inuse_objects' },
  alloc_space: { sampleIndex: 'alloc_space' },
  alloc_objects: { sampleIndex: 'alloc_objects' },
  total_delay: { sampleIndex: 'delay' },
  contentions: { sampleIndex: 'contentions' },
  mean_delay: { sampleIndex: 'delay', mean: true },
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

/**
 * What a flag of pprof sets: a switch (`-trim=false` too), a choice by its name (`-cum`, `-lines`), or an option with a
 * value. Undefined for a flag of no option.
 * @throws InputError for a value that cannot be read
 */
export function readReportFlag(
  flag: string,
  given: string | undefined,
  args: Arguments
): Partial<ReportOptions> | undefined {
  const isOn = given !== 'false';
  if (Object.hasOwn(sampleFlags, flag)) {
    return isOn ? sampleFlags[flag] : {};
  }
  for (const option of reportOptions) {
    if (option.kind === 'choice') {
      if ((option.choices as readonly string[]).includes(flag)) {
        return isOn ? { [option.field]: flag } : {};
      }
    } else if (option.flag === flag) {
      if (option.kind === 'switch') {
        return { [option.field]: isOn };
      }
      const text = args.value(flag, given);
      if (option.kind === 'number' && (text.trim() === '' || Number.isNaN(Number(text)))) {
        throw new InputError(`-${flag}=${text}: expected a number.`);
      }
      return { [option.field]: option.kind === 'number' ? Number(text) : text };
    }
  }
  return undefined;
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

/** Every flag that readReportFlag knows. */
export const reportFlags: readonly string[] = [
  ...reportOptions.flatMap((option) => (option.kind === 'choice' ? option.choices : [option.flag])),
  ...Object.keys(sampleFlags),
];
