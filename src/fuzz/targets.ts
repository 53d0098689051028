import '../text/re2';
import { compileLayout, presetLayout } from '../captures/layout';
import { readMeta } from '../captures/meta';
import { presets } from '../captures/presets';
import { isContainer, isGzip } from '../decode/containers';
import { decode } from '../decode/decode';
import { gunzip } from '../decode/gzip';
import { listMembers } from '../decode/unpack/unpack';
import { encodePprof } from '../encode/pprof';
import type { Profile, SampleTable } from '../profile/profile';
import { profileBytes } from '../profile/size';
import { isOfTrace } from '../profile/traceLabels';
import { applyCommand } from '../query/applyCommand';
import { searchGoroutines } from '../query/goroutineSearch';
import { parseQuery, type RunQuery, type TraceQuery } from '../query/query';
import { run } from '../query/run';
import { runTrace } from '../query/runTrace';
import { traceViews } from '../query/traceViews';
import { parseXml } from '../store/s3Xml';
import { makeGoroutines, encodeGoroutines } from '../testing/goroutineDumps';
import { NothingFound } from '../text/notice';
import { parseSelector, printSelector } from '../text/selector';
import { makeSeeds } from './seeds';

/** What is fuzzed: inputs to start from, and what has to hold for any input. */
export interface Target {
  readonly seeds: () => Promise<readonly Uint8Array[]>;
  /** @throws InputError where the input is refused, anything else for a finding. */
  readonly check: (bytes: Uint8Array) => unknown;
}

/** Views of every profile: they have to answer, whatever the profile says. */
const views = ['top', 'flame', 'tags', 'traces', 'callers', 'tree', 'graph', 'sizes'] as const;
const goroutineViews = ['goroutines', 'creators', 'blockers'] as const;

async function checkProfile(bytes: Uint8Array): Promise<void> {
  const profile = await decode(bytes);
  const size = profileBytes(profile);
  // The largest row for the fewest bytes is an empty sample type or mapping; columns of a profile start at some kB.
  if (size > 100_000 + 400 * bytes.length && !isGzip(bytes) && !isContainer(bytes)) {
    throw new Error(`A profile of ${size} bytes was made of ${bytes.length} bytes.`);
  }
  const encoded = encodePprof(profile);
  const again = await decode(encoded);
  checkSame(profile, again);
  const encodedAgain = encodePprof(again);
  const third = encodePprof(await decode(encodedAgain));
  if (!sameBytes(encodedAgain, third)) {
    throw new Error('What was decoded, encoded and decoded is encoded to other bytes.');
  }
  // One for each input, so that more inputs are tried; which one is the same in a replay.
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  run(parseQuery({ view: views[sum % views.length] }) as RunQuery, { profile });
  refusable(() => run(parseQuery({ view: goroutineViews[sum % goroutineViews.length] }) as RunQuery, { profile }));
}

/** Views of an execution trace answer too, over all of it. */
async function checkTrace(bytes: Uint8Array): Promise<void> {
  await checkProfile(bytes);
  const profile = await decode(bytes);
  if (profile.execution) {
    const { name: view } = traceViews[bytes.reduce((total, byte) => total + byte, 0) % traceViews.length];
    refusable(() => runTrace(parseQuery({ view }) as TraceQuery, profile, { from: 0, to: 8.64e15 }));
  }
}

/** A member that is listed is found by its name, whether it can be read or not; where the archive is cut, the error says so. */
async function checkArchive(bytes: Uint8Array): Promise<void> {
  for (const { name } of (await listMembers(bytes, { unpack: gunzip })).slice(0, 5)) {
    const member = printSelector([{ name: 'member', op: '=', value: name }]);
    await decode(bytes, { member }).catch((error: Error) => {
      const isCut = /The archive is damaged or cut off/.test(error.message);
      if (!isRefusal(error) || (error instanceof NothingFound && !isCut)) {
        throw new Error(`${member} is listed, and is not found: ${error.stack}`);
      }
    });
  }
}

function checkSame(a: Profile, b: Profile): void {
  const same = (what: string, left: unknown, right: unknown) => {
    if (left !== right) {
      throw new Error(`Encoded and decoded, the profile has another ${what}: ${String(left)}, then ${String(right)}.`);
    }
  };
  same('number of samples', a.sample.length, b.sample.length);
  // Those of waits that had not ended, and of a goroutine whose text is cut off, have no sample: they are not encoded.
  same('number of stacks', stacksOfSamples(a), stacksOfSamples(b));
  if (!isOfTrace(a)) {
    same('number of lines', a.line.length, b.line.length);
  }
  same('time', a.timeNanos, b.timeNanos);
  // A wait of more than 104 days is exact as a multiple of a minute; in protobuf it is any number beyond 2^53.
  const types = ({ sampleTypes }: Profile, values: SampleTable['values']) =>
    JSON.stringify(sampleTypes.map((type, t) => (values[t].every(Number.isSafeInteger) ? type : type.type)));
  same('sample types', types(a, a.sample.values), types(b, a.sample.values));
  same('comments', a.comments.join('\n'), b.comments.join('\n'));
  a.sample.values.forEach((values, t) =>
    values.forEach((value, i) => same(`value of sample ${i + 1}`, value, b.sample.values[t][i]))
  );
  const names = ({ function: { name }, strings }: Profile) => Array.from(name, (row) => strings[row]).join('\n');
  if (!isOfTrace(a)) {
    same('names', names(a), names(b));
  }
}

/** Rows of stack that samples have, those towards the root among them. */
function stacksOfSamples({ sample, stack }: Profile): number {
  const rows = new Set<number>();
  for (let row of sample.stack) {
    for (; row > 0 && !rows.has(row); row = stack.parent[row]) {
      rows.add(row);
    }
  }
  return rows.size;
}

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Runs what may refuse its input. @throws what is no InputError */
function refusable<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (isRefusal(error)) {
      return undefined;
    }
    throw error;
  }
}

export const isRefusal = (error: unknown): boolean => error instanceof Error && error.name === 'InputError';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const onText = (check: (text: string) => unknown) => (bytes: Uint8Array) => check(utf8.decode(bytes));
const texts =
  (...all: readonly string[]) =>
  () =>
    Promise.resolve(all.map((text) => new TextEncoder().encode(text)));

const layouts = presets.map(({ id }) => presetLayout(id));

function checkSelector(text: string): void {
  const matchers = parseSelector(text);
  const printed = printSelector(matchers);
  if (JSON.stringify(parseSelector(printed)) !== JSON.stringify(matchers)) {
    throw new Error(`The selector is printed as ${printed}, which is another.`);
  }
}

/** A layout of the settings says its mistakes with plain errors; a key is parsed or not. */
function checkLayout(text: string): void {
  const [spec, ...keys] = text.split('\n');
  try {
    layouts.concat(compileLayout(spec)).forEach((layout) => keys.forEach((key) => layout.parse(key)));
  } catch (error) {
    const isSaid = error instanceof Error && /^(The|A|In) .*key layout|^The pattern/i.test(error.message);
    if (!isSaid && !(error instanceof SyntaxError)) {
      throw error;
    }
  }
}

const searched = decode(encodeGoroutines(makeGoroutines({ seed: 1, count: 8 })));

const seedsOf = async (isWanted: (format: string) => boolean) =>
  (await makeSeeds()).flatMap(({ format, bytes }) => (isWanted(format) ? [bytes] : []));

export const targets: Readonly<Record<string, Target>> = {
  profile: { seeds: () => seedsOf(() => true), check: checkProfile },
  trace: { seeds: () => seedsOf((format) => format === 'execution traces'), check: checkTrace },
  archive: {
    seeds: async () =>
      (await makeSeeds()).flatMap(({ bytes, format }) => (/tar|zip|archive/.test(format) ? [bytes] : [])),
    check: checkArchive,
  },
  xml: {
    seeds: texts(
      '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated><Contents><Key>a&amp;b/&#x41;&#66;</Key><ETag>&quot;1&quot;</ETag></Contents><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>',
      '<Error><Code>NoSuchKey</Code><!-- c --><Message><![CDATA[<x>]]></Message><Empty/></Error>',
      '<!DOCTYPE html><html><body class="a" data-x=\'b\'>Sign in</body></html>'
    ),
    check: onText((text) => refusableXml(text)),
  },
  selector: {
    seeds: texts(
      '{service="ingester", tenant_id=~"acme|globex"}',
      `{service!~'a\\'b', "größe"=\`x\`, b!=""}`,
      'service="a\\"b\\\\c",x=~".*"',
      '{}'
    ),
    check: onText(checkSelector),
  },
  layout: {
    seeds: texts(
      ...presets.map(({ template, example }) => `${template}\n${example}\n${example.replace(/\d/g, '9')}`),
      '/^(?<service>[^/]+)\\/(?<time>[^/]+)\\.pb$/\na/2026-11-03T14:22:33Z.pb'
    ),
    check: onText(checkLayout),
  },
  meta: {
    seeds: texts(
      '{"event":"a","files":["heap.pb.gz"],"limit":1,"memory":{"rss":5,"goMemory":3},"goVersion":"go1.26","time":"2026-11-03T14:22:33Z"}'
    ),
    check: readMeta,
  },
  command: {
    seeds: texts(
      'go tool pprof -top -cum -nodecount=10 -focus="a b" heap.pb.gz',
      "pprof -peek='json.*' -diff_base=a.pb.gz -sample_index=inuse_space b.pb.gz | less",
      'go tool pprof -tagfocus=tenant=acme -http=: x'
    ),
    check: onText((text) => applyCommand(text, 'go tool pprof FILE', (file) => file.length > 3)),
  },
  search: {
    seeds: texts(
      'state == "chan receive" && duration > 5',
      '!(contains(lower(trace), "lock") || tenant_id =~ `a.*`) && id != 3',
      'dups >= 2 && (creator == "main.main")'
    ),
    check: async (bytes) =>
      searchGoroutines(await searched, utf8.decode(bytes), { collapseStd: true, signature: 'lines' }),
  },
};

/** A parser of answers says with plain errors that a text is no XML. */
function refusableXml(text: string): void {
  try {
    parseXml(text);
  } catch (error) {
    if (!(error instanceof Error) || error.constructor !== Error) {
      throw error;
    }
  }
}
