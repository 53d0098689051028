/** Reads the lists of labels that Go and its forks print, in linear time: each call goes on where the last one ended. */
export class LabelText {
  constructor(
    readonly text: string,
    public at = 0
  ) {}

  /** True, and past it, where `expected` is next. */
  skip(expected: string): boolean {
    const found = this.text.startsWith(expected, this.at);
    this.at += found ? expected.length : 0;
    return found;
  }

  /**
   * `key: value, key: value}`, what follows an opening brace: bare where a text has only letters, digits, dots, slashes
   * and underscores (Go 1.27), else in quotes. Undefined where it is not such a list.
   */
  list(): Array<[key: string, value: string]> | undefined {
    const labels: Array<[string, string]> = [];
    while (!this.skip('}')) {
      if (labels.length > 0 && !this.skip(', ')) {
        return undefined;
      }
      const key = this.word();
      if (key === undefined || !this.skip(':')) {
        return undefined;
      }
      this.skip(' ');
      const value = this.word();
      if (value === undefined) {
        return undefined;
      }
      labels.push([key, value]);
    }
    return labels;
  }

  /** A text in quotes, or a bare one, which may be empty. */
  private word(): string | undefined {
    if (this.text[this.at] === '"') {
      return this.quoted();
    }
    const start = this.at;
    while (/[^:,}"\s]/.test(this.text[this.at] ?? ' ')) {
      this.at++;
    }
    return this.text.slice(start, this.at);
  }

  /** A text in double quotes as Go's %q and runtime.printquoted write it; undefined where its end is missing. */
  quoted(): string | undefined {
    const { text } = this;
    const start = ++this.at;
    for (; this.at < text.length; this.at++) {
      if (text[this.at] === '"') {
        return unquote(text.slice(start, this.at++));
      }
      this.at += text[this.at] === '\\' ? 1 : 0;
    }
    return undefined;
  }
}

/** Of Go's strconv.Quote, by the letter behind the backslash. */
export const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unquote(text: string): string {
  return text.replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/gs, (_, x, u, long, single) => {
    if (single !== undefined) {
      return escapes[single] ?? single;
    }
    const code = parseInt(x ?? u ?? long, 16);
    // \x from 80 on is a byte that is no UTF-8: what a decoder makes of it.
    return (x !== undefined && code >= 0x80) || code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
  });
}
