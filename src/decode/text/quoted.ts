/** Letters of a file that a message has. */
const maxLetters = 100;

/** A text of a file for a message: cut, and with escapes in place of what does not print. */
export function quoted(text: string): string {
  const letters = Array.from(text.slice(0, 2 * maxLetters + 2));
  const cut = letters.length > maxLetters ? `${letters.slice(0, maxLetters).join('')}…` : text;
  return JSON.stringify(cut).replace(/[\p{C}\u2028\u2029]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** `quoted` of the first line that says something. */
export const quotedLine = (text: string): string => quoted(/\S[^\r\n]*/.exec(text)?.[0].trimEnd() ?? '');
