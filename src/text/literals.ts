// What can be read off a regular expression (RE2's syntax) without an engine. Where these say undefined or '', only the
// engine knows.

/** A pattern that matches the text itself (Go's regexp.QuoteMeta). */
export const quoteMeta = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** The texts of a pattern that is alternatives of plain text, `a|b\.c`: undefined for any other. */
export function plainAlternatives(pattern: string): string[] | undefined {
  const parts = [''];
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i];
    if (char === '|') {
      parts.push('');
    } else if (char !== '\\' && !'^$.*+?()[]{}'.includes(char)) {
      parts[parts.length - 1] += char;
    } else if (char === '\\' && isPunctuation(pattern[i + 1])) {
      parts[parts.length - 1] += pattern[++i];
    } else {
      return undefined;
    }
  }
  return parts;
}

/** The longest text that whatever the pattern matches has in it: `Unmarshal` of `^json\..*Unmarshal(er)?$`; '' for none. */
export function requiredText(pattern: string): string {
  // Flags change what letters mean; the rest of these are not letters but classes and characters in other notations.
  if (/\(\?|\\[QpPxC0-7]/.test(pattern)) {
    return '';
  }
  let longest = '';
  let run: string[] = [];
  const endRun = () => {
    const text = run.join('');
    longest = text.length > longest.length ? text : longest;
    run = [];
  };
  let depth = 0;
  const token = /\\?(.)/gsu;
  for (let match = token.exec(pattern); match; match = token.exec(pattern)) {
    const [whole, char] = match;
    const isLiteral = whole === char ? !'^$.*+?()[]{}|\\'.includes(char) : isPunctuation(char);
    if (depth === 0 && isLiteral) {
      run.push(char);
      continue;
    }
    if (whole === '|' && depth === 0) {
      return '';
    }
    if (whole === '*' || whole === '?' || whole === '{') {
      run.pop(); // It may be missing.
    }
    endRun();
    if (whole === '[') {
      // A class: "]" directly after its start is one of its characters.
      const end = /\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]/suy;
      end.lastIndex = token.lastIndex;
      token.lastIndex += end.exec(pattern)?.[0].length ?? 0;
    } else if (whole === '{') {
      const end = /[\d,]*\}/y;
      end.lastIndex = token.lastIndex;
      token.lastIndex += end.exec(pattern)?.[0].length ?? 0;
    } else if (whole === '(') {
      depth++;
    } else if (whole === ')') {
      depth--;
    }
  }
  endRun();
  return longest;
}

const isPunctuation = (char: string | undefined): boolean => char !== undefined && /^[!-/:-@[-`{-~]$/.test(char);
