import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { isGzip } from '../decode/containers';
import { gunzip } from '../decode/gzip';
import { blockingKinds } from '../decode/trace/blocking';
import { decodeTrace } from '../decode/trace/trace';
import { encodePprof } from '../encode/pprof';
import { InputError } from '../text/notice';
import { isExpected } from './command';

// npm run -s trace -- -pprof={net|sync|syscall|sched} FILE > FILE.pb.gz
//
// Writes the profile that `go tool trace -pprof=KIND` writes of an execution trace, from our core.

const usage = `usage: npm run -s trace -- -pprof={${blockingKinds.join('|')}} FILE > FILE.pb.gz`;

/** @param warn called with each notice */
async function profileOf(args: readonly string[], warn: (text: string) => void): Promise<Uint8Array> {
  const [flag = '', file = ''] = args;
  const wanted = /^--?pprof=(.*)$/.exec(flag)?.[1];
  const kind = blockingKinds.find((one) => one === wanted);
  if (!kind || file === '' || args.length > 2) {
    throw new InputError(usage);
  }
  const bytes = new Uint8Array(await readFile(file));
  const profile = await decodeTrace(isGzip(bytes) ? await gunzip(bytes) : bytes, { kind });
  profile.notices.forEach(({ text }) => warn(text));
  return gzipSync(encodePprof(profile));
}

try {
  process.stdout.write(await profileOf(process.argv.slice(2), (text) => process.stderr.write(`${text}\n`)));
} catch (error) {
  if (!isExpected(error)) {
    throw error;
  }
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
