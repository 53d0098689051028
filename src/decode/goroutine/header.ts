import { LabelText } from './labelList';

/** Labels kept of a goroutine, each of which takes some 30 bytes. A program sets a few. */
export const maxLabels = 100;

/** The header of a goroutine, from behind its id on. */
export interface Status {
  /** As printed, without marks. */
  readonly state: string;
  readonly minutes: number;
  readonly lockedToThread: boolean;
  readonly leaked: boolean;
  readonly durable: boolean;
  /** Of a synctest bubble, 0 for none. */
  readonly bubble: number;
  /** True where the header names the thread the goroutine runs on (GOTRACEBACK=system and crash). */
  readonly hasThread: boolean;
  /** At most `maxLabels`. */
  readonly labels: ReadonlyArray<readonly [key: string, value: string]>;
  /** How many more there were. */
  readonly labelsLeftOut: number;
  /** Attributes no version printed so far. */
  readonly unknown: readonly string[];
}

/**
 * Reads what follows `goroutine N`, up to the end of the line (runtime/traceback.go goroutineheader):
 *
 *   [chan receive, 3 minutes, locked to thread]:
 *    gp=0xc000002380 m=nil [select (no cases)]:                     GOTRACEBACK=system
 *    [chan send (leaked), 1 minutes] {tenant_id: acme}:             labels of Go 1.27
 *    [IO wait labels:{"tenant_id": "acme"}]:                        of Go 1.26 with GODEBUG=tracebacklabels=1
 *    [running, "tenant_id:acme"]:                                   of CockroachDB's fork
 *
 * Undefined where it is none of these, or ends before the bracket closes.
 */
export function parseStatus(rest: string): Status | undefined {
  const start = /^(?: gp=\S+ m=(\S+)(?: mp=\S+)?)? \[([^\],]*?)(?= labels:\{|, |\])/.exec(rest);
  if (!start) {
    return undefined;
  }
  const marks = { scan: false, leaked: false, durable: false };
  const state = withoutMarks(start[2], marks);
  const status = { minutes: 0, lockedToThread: false, bubble: 0 };
  const labels: Array<readonly [string, string]> = [];
  const unknown: string[] = [];
  const text = new LabelText(rest, start[0].length);
  while (!text.skip(']')) {
    if (text.skip(' labels:{')) {
      const list = text.list();
      if (!list) {
        return undefined;
      }
      list.forEach((label) => labels.push(label));
    } else if (text.skip(', "')) {
      text.at--;
      const label = forkLabel(text);
      if (!label) {
        return undefined;
      }
      labels.push(label);
    } else {
      const attribute = /, ([^,\]]*?)(?= labels:\{|,|\])/y;
      attribute.lastIndex = text.at;
      const found = attribute.exec(rest);
      if (!found) {
        return undefined;
      }
      text.at = attribute.lastIndex;
      readAttribute(found[1], status, unknown);
    }
  }
  if (text.skip(' {')) {
    const list = text.list();
    if (!list) {
      return undefined;
    }
    list.forEach((label) => labels.push(label));
  }
  return /^:?\s*$/.test(rest.slice(text.at))
    ? {
        state,
        ...status,
        leaked: marks.leaked || state === 'leaked',
        durable: marks.durable,
        hasThread: start[1] !== undefined && start[1] !== 'nil',
        labels: labels.slice(0, maxLabels),
        labelsLeftOut: Math.max(0, labels.length - maxLabels),
        unknown,
      }
    : undefined;
}

/** `(nil chan)`, `(no cases)`, `(idle)` belong to a state; these three may follow it. */
function withoutMarks(text: string, marks: { scan: boolean; leaked: boolean; durable: boolean }): string {
  const mark = / \((scan|leaked|durable)\)$/.exec(text);
  if (!mark) {
    return text;
  }
  marks[mark[1] as keyof typeof marks] = true;
  return withoutMarks(text.slice(0, mark.index), marks);
}

function readAttribute(
  text: string,
  status: { minutes: number; lockedToThread: boolean; bubble: number },
  unknown: string[]
): void {
  const minutes = /^(\d{1,9}) minutes$/.exec(text);
  const bubble = /^synctest (?:bubble|group) (\d{1,15})$/.exec(text);
  if (minutes) {
    status.minutes = Number(minutes[1]);
  } else if (bubble) {
    status.bubble = Number(bubble[1]);
  } else if (text === 'locked to thread') {
    status.lockedToThread = true;
  } else {
    unknown.push(text);
  }
}

/**
 * `"key":"value"` or `"key:value"`. The second is not escaped, so it ends only where a quote is followed by the next
 * attribute or the bracket. Each label begins with a quote, so neither looks further than the next one.
 */
function forkLabel(text: LabelText): readonly [string, string] | undefined {
  const start = text.at + 1;
  const key = text.quoted();
  if (key !== undefined && text.skip(':')) {
    text.skip(' ');
    const value = text.text[text.at] === '"' ? text.quoted() : undefined;
    if (value !== undefined) {
      return [key, value];
    }
  }
  const end = /"(?=, |\])/g;
  end.lastIndex = start;
  const found = end.exec(text.text);
  if (!found) {
    return undefined;
  }
  text.at = found.index + 1;
  const pair = text.text.slice(start, found.index);
  const colon = pair.indexOf(':');
  return colon < 0 ? [pair, ''] : [pair.slice(0, colon), pair.slice(colon + 1)];
}
