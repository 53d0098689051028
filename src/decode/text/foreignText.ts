import { InputError } from '../../text/notice';
import { quoted, quotedLine } from './quoted';

/** How much of a text is looked at. */
const maxBytes = 16 * 1024;

const expected = 'Expected a pprof profile, its text (debug=1), a goroutine dump or folded stacks.';

/** An error says in its own words what it is. */
type Message = string | ((head: string) => string);

const html: readonly [RegExp, Message] = [
  /^(<!doctype html|<html|<head)/i,
  (head) => {
    const title = /<title[^>]*>([^<]*)/i.exec(head)?.[1].replace(/\s+/g, ' ').trim();
    return `The object is an HTML page${title ? ` with the title ${quoted(title)}` : ''}, not a profile: a proxy or a login page answered in place of the bucket, or the page was uploaded by mistake.`;
  },
];

const xml: readonly [RegExp, Message] = [
  /^<(\?xml|Error>|\w+(Result|Response)[ >])/,
  (head) => {
    const tag = (name: string) => new RegExp(`<${name}>([^<]*)`).exec(head)?.[1] ?? '';
    const [code, message] = [tag('Code'), tag('Message')];
    return code || message
      ? `The object is an error answer of an object store that was saved as a file, an XML document, not a profile: ${quoted([code, message].filter((text) => text !== '').join(': '))}.`
      : `The object is an XML document, not a profile; it begins ${quoted(head)}.`;
  },
];

const otlp: readonly [RegExp, Message] = [
  /^\{\s*"(resourceProfiles|resource_profiles)"/,
  'These are profiles of OpenTelemetry (OTLP) as JSON, not pprof. Let the collector export pprof, one file a process.',
];
const json: readonly [RegExp, Message] = [
  /^([{[]\s*"|\{\s*\}|\[\s*[[{])/,
  (head) => `The object is JSON, not a profile; it begins ${quoted(head.replace(/\s+/g, ' '))}.`,
];

/** What may quote a goroutine dump and is none. */
const documents = [html, xml];

const legacy = 'Convert it once with `go tool pprof -proto FILE > FILE.pb.gz`, which reads it, and upload the result.';

const texts: ReadonlyArray<readonly [RegExp, Message]> = [
  otlp,
  json,
  [
    /^heap_v2\//,
    'This is a heap profile of jemalloc (heap_v2). jeprof reads it, go tool pprof does not: turn it into folded stacks with `jeprof --collapsed BINARY FILE`, and upload these.',
  ],
  [/^--- (heapz|growthz|fragmentationz|allocationz|threadz|contentionz)/i, `This is a legacy text profile. ${legacy}`],
  [/^(%warn|MAPPED_LIBRARIES:)/, `This is a legacy text profile. ${legacy}`],
  [
    /^heap profile: *(?=[^@\n]*-)-?\d+: *-?\d+ *\[[^\]\n]*\] *@/m,
    (head) =>
      `The sums in the first line of this heap profile are negative, ${quotedLine(/^heap profile:.*/m.exec(head)?.[0] ?? '')}: the runtime counted more that was freed ` +
      'than was allocated, so its samples are wrong too, and go tool pprof refuses it as well. Expected numbers from 0. Capture the heap again, best without debug=1.',
  ],
  [
    // swapper     0 [000] 12345.678901:   10101010 cpu-clock:
    /^[^\n]*\s\d+(\/\d+)?\s+(\[\d+\]\s+)?\d+\.\d+:\s+(\d+\s+)?[\w:-]+:[^\n]*\n\s+[0-9a-f]+ /,
    'This is the output of perf script, not pprof. Upload folded stacks: `perf script | stackcollapse-perf.pl`.',
  ],
  [
    /^(.*\n){0,8}Showing nodes accounting for/,
    'This is a report that go tool pprof printed, not the profile it was made of. Upload the profile.',
  ],
  [
    /^H4sI[A-Za-z0-9+/\s]+=*\s*$/,
    'The object is a gzip file as base64 text. Decode it (`base64 -d`) and upload the bytes.',
  ],
  [
    /^[A-Za-z0-9+/]{60}[A-Za-z0-9+/\s]*=*\s*$/,
    (head) =>
      `The object looks like base64 text, which begins ${quotedLine(head)}. Decode it (\`base64 -d\`) and upload the bytes.`,
  ],
];

const headOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, maxBytes)).trimStart();

function error(kinds: ReadonlyArray<readonly [RegExp, Message]>, head: string): InputError | undefined {
  const found = kinds.find(([pattern]) => pattern.test(head));
  if (!found) {
    return undefined;
  }
  const [, message] = found;
  return new InputError(typeof message === 'string' ? message : message(head));
}

/** The error for a document that may quote profiles; undefined for other texts. */
export const documentError = (bytes: Uint8Array): InputError | undefined => error(documents, headOf(bytes));

/** The error for a text that is no profile. */
export function textError(bytes: Uint8Array): InputError {
  const head = headOf(bytes);
  return (
    error(texts, head) ??
    new InputError(
      head === ''
        ? `The file has nothing but white space. ${expected}`
        : `The file is text, not a profile; it begins ${quotedLine(head)}. ${expected}`
    )
  );
}

/** The error for a file without bytes. @param packed bytes of the file itself */
export const emptyError = (packed: number): InputError =>
  new InputError(
    `${packed === 0 ? 'The file is empty (0 bytes)' : 'The gzip file holds no data'}: the capture was started but nothing was written.`
  );
