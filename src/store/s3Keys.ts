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
export async function decodeKeys(
  texts: readonly string[],
  { declared, prefix, known, listed }: Texts
): Promise<string[]> {
  const isUnclear = declared
    ? known.plus === undefined && texts.some((text) => text.includes('+'))
    : known.isEncodedUnsaid === undefined && texts.some((text) => coded.test(text));
  if (isUnclear) {
    await findOut(texts, { declared, prefix, known, listed });
  }
  const isEncoded = declared || known.isEncodedUnsaid === true;
  return isEncoded ? texts.map((text) => decode(text, known.plus ?? ' ')) : [...texts];
}

/** Any text that reads otherwise where it is encoded. */
const coded = /%[0-9a-f]{2}|\+/i;

async function findOut(texts: readonly string[], { declared, prefix, known, listed }: Texts): Promise<void> {
  if (declared && texts.some((text) => /%2b/i.test(text))) {
    known.plus = ' ';
    return;
  }
  if (declared && texts.some((text) => text.includes('%20'))) {
    known.plus = '+';
    return;
  }
  const text = texts.find((each) => (declared ? each.includes('+') : coded.test(each))) as string;
  const readings: ReadonlyArray<readonly [key: string, found: KeyEncoding]> = [
    ...(declared ? [] : [[text, { isEncodedUnsaid: false }] as const]),
    ...([' ', '+'] as const).map((plus) => [decode(text, plus), { plus, isEncodedUnsaid: !declared }] as const),
  ];
  for (const [key, found] of readings) {
    if (key.startsWith(prefix) && (await listed(key)).some((other) => other.startsWith(text))) {
      Object.assign(known, found);
      return;
    }
  }
  // Nothing answers, as where the object is gone by now: S3's rule, until another text can tell.
}

function decode(text: string, plus: ' ' | '+'): string {
  try {
    return decodeURIComponent(plus === ' ' ? text.replace(/\+/g, '%20') : text);
  } catch {
    return text;
  }
}
