/**
 * How a server writes keys in its listings, as far as that is known of it. By S3's rule, with `EncodingType` url they are
 * percent-encoded, "+" is a space and "%2B" a plus, and without it they are as they are.
 */
export interface KeyEncoding {
  /** What a "+" stands for where keys are encoded. */
  plus?: ' ' | '+';
  /** Whether keys are encoded though the server does not say so. */
  isEncodedUnsaid?: boolean;
}

interface Texts {
  /** The server says that keys are encoded. */
  readonly declared: boolean;
  /** What the listing was asked for: all keys start with it. */
  readonly prefix: string;
  /** What is found out is kept here. */
  readonly known: KeyEncoding;
  /** The texts that the server has for keys below a prefix. */
  readonly listed: (prefix: string) => Promise<readonly string[]>;
}

/**
 * The keys that texts of a listing stand for. Where a text may stand for two, others of the page or the prefix decide, and
 * else the server, once: under one of the two it lists that text.
 */
export async function decodeKeys(texts: readonly string[], asked: Texts): Promise<string[]> {
  const { declared, known } = asked;
  const coded = declared || known.isEncodedUnsaid !== undefined ? undefined : texts.find((text) => percent.test(text));
  if (coded !== undefined) {
    known.isEncodedUnsaid = await ask(coded, asked, [
      [coded, false],
      [decode(coded, ' '), true],
      [decode(coded, '+'), true],
    ]);
  }
  const isEncoded = declared || known.isEncodedUnsaid === true;
  const added = known.plus === undefined ? texts.find((text) => text.includes('+')) : undefined;
  if (added !== undefined && isEncoded) {
    known.plus = texts.some((text) => /%2b/i.test(text))
      ? ' '
      : texts.some((text) => text.includes('%20'))
        ? '+'
        : await ask(added, asked, [
            [decode(added, ' '), ' '],
            [decode(added, '+'), '+'],
          ]);
  }
  return isEncoded ? texts.map((text) => decode(text, known.plus ?? ' ')) : [...texts];
}

/** A text that reads otherwise where it is encoded, whatever a "+" is: a server that does not say so may leave that as it is. */
const percent = /%[0-9a-f]{2}|\+/i;

/**
 * What the first reading of a text says under which the server lists the text; undefined where it lists it under none, as where
 * the object is gone by now.
 */
async function ask<T>(
  text: string,
  { prefix, listed }: Texts,
  readings: ReadonlyArray<readonly [key: string, says: T]>
): Promise<T | undefined> {
  for (const [key, says] of readings) {
    if (key.startsWith(prefix) && (await listed(key)).some((other) => other.startsWith(text))) {
      return says;
    }
  }
  return undefined;
}

function decode(text: string, plus: ' ' | '+'): string {
  try {
    return decodeURIComponent(plus === ' ' ? text.replace(/\+/g, '%20') : text);
  } catch {
    return text;
  }
}
