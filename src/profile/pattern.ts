import { RE2JS } from 're2js';
import { plainAlternatives, requiredText } from './literals';
import { InputError } from './profile';

/** True where the pattern is found anywhere in the text. */
export type Pattern = (text: string) => boolean;

/** Longest pattern that is compiled; longer ones come from an attack or a mistake, not from a person. */
const maxLength = 2000;

/**
 * A regular expression in RE2's syntax, as Go's regexp reads it, evaluated in linear time: patterns come from anyone who
 * may edit a dashboard, names from anyone who may write to the bucket. The engine is some hundred times slower than a
 * search for plain text, so it is only asked where that cannot answer.
 * @param name what the pattern is for, named in the error
 * @throws InputError where it does not compile
 */
export function compilePattern(name: string, text: string): Pattern {
  if (text.length > maxLength) {
    throw new InputError(`The pattern for ${name} has ${text.length} characters; at most ${maxLength} are allowed.`);
  }
  const alternatives = plainAlternatives(text);
  if (alternatives) {
    return (actual) => alternatives.some((alternative) => actual.includes(alternative));
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(text);
  } catch (error) {
    throw new InputError(`The pattern for ${name} is not a regular expression (RE2): ${(error as Error).message}`);
  }
  const required = requiredText(text);
  return (actual) => actual.includes(required) && compiled.matcher(actual).find();
}
