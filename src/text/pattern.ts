import { compileRe2, type Compiled } from './engine';
import { plainAlternatives, requiredText } from './literals';
import { InputError } from './notice';

/** True where the pattern is found anywhere in the text. */
export type Pattern = (text: string) => boolean;

/** Longest pattern that is compiled; longer ones come from an attack or a mistake, not from a person. */
const maxLength = 2000;

/**
 * Longest that a pattern may be searched for, in ms over all texts. Linear time is not short where counted repetitions make
 * an engine of thousands of states: (?:.?){999} takes 12 ms for a name.
 */
const maxTime = 5000;

/**
 * A regular expression in RE2's syntax, as Go's regexp reads it, evaluated in linear time: patterns come from anyone who
 * may edit a dashboard, names from anyone who may write to the bucket. The engine is some hundred times slower than a
 * search for plain text, so it is only asked where that cannot answer.
 * @param name what the pattern is for, named in the error
 * @throws InputError where it does not compile
 */
export function compilePattern(name: string, text: string): Pattern {
  const alternatives = text.length > maxLength ? undefined : plainAlternatives(text);
  if (alternatives) {
    return (actual) => alternatives.some((alternative) => actual.includes(alternative));
  }
  const search = searcher(name, text, compile(name, text));
  return (actual) => search(actual) !== undefined;
}

/** What the first group of a pattern matches; undefined for a pattern without groups. @throws as compilePattern does */
export function compileGroup(name: string, text: string): ((text: string) => string | undefined) | undefined {
  const compiled = compile(name, text);
  if (compiled.groupCount() === 0) {
    return undefined;
  }
  const search = searcher(name, text, compiled);
  return (actual) => search(actual)?.group(1) ?? undefined;
}

/** Finds the first match; undefined for none. The search @throws InputError where it was too long over all texts */
function searcher(name: string, text: string, compiled: Compiled) {
  const required = requiredText(text);
  const watch = new Stopwatch(name, text);
  return (actual: string) => {
    if (!actual.includes(required)) {
      return undefined;
    }
    const matcher = compiled.matcher(actual);
    watch.start();
    const isFound = matcher.find();
    watch.stop();
    return isFound ? matcher : undefined;
  };
}

/** What a pattern has taken so far; short searches count when a millisecond ends in them, so their sum is right. */
class Stopwatch {
  private spent = 0;
  private started = 0;

  constructor(
    private readonly name: string,
    private readonly text: string
  ) {}

  start(): void {
    this.started = Date.now();
  }

  /** @throws InputError where it was too long */
  stop(): void {
    this.spent += Date.now() - this.started;
    if (this.spent > maxTime) {
      const shown = this.text.length > 60 ? `${this.text.slice(0, 60)}…` : this.text;
      throw new InputError(
        `The pattern for ${this.name} takes longer than ${maxTime / 1000} s over the names of this profile: ${shown}. ` +
          'Repeat less, or match a part of the name.'
      );
    }
  }
}

function compile(name: string, text: string): Compiled {
  if (text.length > maxLength) {
    throw new InputError(`The pattern for ${name} has ${text.length} characters; at most ${maxLength} are allowed.`);
  }
  const compileText = compileRe2();
  try {
    return compileText(text);
  } catch (error) {
    throw new InputError(`The pattern for ${name} is not a regular expression (RE2): ${(error as Error).message}`);
  }
}
