import { InputError } from '../text/notice';
import { sampleAliases } from './sampleAliases';
import { defaultReportOptions, reportOptions, type ReportOptions } from '../fields/reportOptions';

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
    if (Object.hasOwn(sampleAliases, flag)) {
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
        this.choose(option.field, flag, toSwitch(flag, given));
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
    const sampleFlag = Object.keys(sampleAliases).find((flag) => this.sampleFlags.has(flag));
    return {
      ...defaultReportOptions,
      ...(sampleFlag && { sampleIndex: sampleAliases[sampleFlag] }),
      ...(this.sampleFlags.has('mean_delay') && { mean: true }),
      ...this.set,
    };
  }

  private choose(field: keyof ReportOptions, flag: string, isOn: boolean): void {
    const other = this.chosen.get(field) ?? flag;
    if (!isOn) {
      // The last of `-cum -cum=false` counts.
      if (other === flag) {
        this.chosen.delete(field);
        this.add({ [field]: defaultReportOptions[field] });
      }
      return;
    }
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
export function toSwitch(flag: string, given = 'true'): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(given)) {
    return true;
  }
  if (/^(0|f|F|FALSE|false|False)$/.test(given)) {
    return false;
  }
  throw new InputError(`-${flag}=${given}: expected true or false.`);
}

/** The pattern of -peek or -list. @throws InputError for an empty one: pprof takes that for no such flag */
export function patternText(flag: string, text: string): string {
  if (text === '') {
    throw new InputError(`-${flag}: expected a regular expression on names of functions.`);
  }
  return text;
}

/** The spellings that Go's flag package takes (strconv.ParseInt with base 0), and of ParseFloat the decimal ones. */
const wholeNumber = /^([+-]?)(0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?\d)*)$/;
const decimalNumber = /^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/;

function toNumber(flag: string, text: string): number {
  const isWhole = flag === 'nodecount';
  const value = isWhole ? toWhole(text) : decimalNumber.test(text) ? Number(text.replace(/_/g, '')) : NaN;
  if (!Number.isFinite(value)) {
    throw new InputError(`-${flag}=${text}: expected a ${isWhole ? 'whole ' : ''}number.`);
  }
  return value;
}

/** NaN for a text that is none, or of more than 64 bits. */
function toWhole(text: string): number {
  const [, sign, digits = ''] = wholeNumber.exec(text) ?? [];
  const octal = /^0_?[0-7_]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = digits === '' ? NaN : Number(octal.replace(/_/g, '')) * (sign === '-' ? -1 : 1);
  return Math.abs(value) < 2 ** 63 ? value : NaN;
}

/** Flags with a value of how pprof fetches and symbolizes, which no report here reads. */
export const ignoredFlags: readonly string[] = ['symbolize', 'seconds', 'timeout', 'tools'];

/** Every flag that ReportFlags takes. */
export const reportFlags: readonly string[] = [
  ...reportOptions.flatMap((option) => (option.kind === 'choice' ? option.choices : [option.flag])),
  ...Object.keys(sampleAliases),
];
