import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { isGzip } from '../decode/containers';
import { gunzip } from '../decode/gzip';
import { blockingKinds } from '../decode/trace/blocking';
import { TraceReader } from '../decode/trace/reader';
import { decodeTrace } from '../decode/trace/trace';
import { encodePprof } from '../encode/pprof';
import { InputError } from '../text/notice';
import { footprintText } from './traceFootprint';
import { summaryText } from './traceSummary';
import { parsedText } from './traceText';

const usage = `usage: npm run -s trace -- {-pprof=${blockingKinds.join('|')}|-d=parsed|-d=footprint|-summary} FILE`;

type Warn = (text: string) => void;
type Parts = AsyncGenerator<string | Uint8Array>;

/**
 * What `go tool trace` prints for the same arguments, in parts: with -pprof the bytes of a profile, with -d=parsed the events of
 * the trace's whole generations, with -d=footprint bytes by record. -summary is ours: goroutines as JSON.
 * @param warn called with each notice
 * @throws InputError for an argument or a trace that cannot be read; of a damaged one after what is before the damage
 */
export async function* traceParts(args: readonly string[], warn: Warn): Parts {
  const [flag = '', file = ''] = args;
  const command = flag.replace(/^--?/, '');
  const kind = blockingKinds.find((one) => command === `pprof=${one}`);
  const print = kind ? pprofOf(kind) : prints[command];
  if (!flag.startsWith('-') || !print || file === '' || args.length > 2) {
    throw new InputError(usage);
  }
  const bytes = new Uint8Array(await readFile(file));
  yield* print(isGzip(bytes) ? await gunzip(bytes) : bytes, warn);
}

type Print = (bytes: Uint8Array, warn: Warn) => Parts;

const pprofOf = (kind: (typeof blockingKinds)[number]): Print =>
  async function* (bytes, warn) {
    const profile = await decodeTrace(bytes, { kind });
    profile.notices.forEach(({ text }) => warn(text));
    yield gzipSync(encodePprof(profile));
  };

const prints: Readonly<Record<string, Print>> = {
  async *'d=parsed'(bytes) {
    const reader = new TraceReader(bytes);
    yield* parsedText(reader);
    if (reader.fault) {
      const { error } = reader.fault;
      throw new InputError(`${error.message}${error.offset < 0 ? '' : ` (byte ${error.offset} of ${bytes.length})`}`);
    }
  },
  async *'d=footprint'(bytes) {
    yield footprintText(bytes);
  },
  async *summary(bytes, warn) {
    const { execution, notices } = await decodeTrace(bytes);
    notices.forEach(({ text }) => warn(text));
    if (execution) {
      yield summaryText(execution);
    }
  },
};
