import { counted, InputError, NothingFound, type Notice } from '../../text/notice';
import { isGzip, isTar, isZip, isZstd } from '../containers';
import type { Decoded, DecodeOptions } from '../decoded';
import { withEngine } from '../../text/withEngine';
import { asProfile, choiceNotices, isBetter, listed, membersTest, namedMembers, type MemberProfile } from './choose';
import { gunzipChunks } from './gunzipChunks';
import { shownName, type Scan, type Wants } from './scan';
import { maxUnpackedBytes } from '../memory';
import { scanTar } from './tar';
import { scanZip } from './zip';
import { unzstd } from './zstd';

/** Decodes what was in a container. */
type Decode = (bytes: Uint8Array, options: DecodeOptions) => Promise<Decoded>;

/** Options of which the way to unpack gzip is known. */
type Unpacking = DecodeOptions & Required<Pick<DecodeOptions, 'unpack'>>;

/** Layers of packing around a profile that are taken off: a packed member of an archive in an archive, each of these packed. */
const maxLayers = 6;
/** Archives in an archive that are looked into. */
const maxInner = 16;

/**
 * The profile in what is packed with zstd, or in an archive: of its members the one that `options.member` asks for. Of the
 * others nothing is kept, and in a zip nothing is unpacked. An archive in an archive is opened, one in that is not.
 * @throws InputError that names the member; NothingFound where no member is what was asked for
 */
export async function decodeContained(bytes: Uint8Array, options: Unpacking, decode: Decode): Promise<Decoded> {
  const { layers = 0, archives = 0 } = options;
  if (layers >= maxLayers) {
    throw new InputError(`The file is packed more than ${maxLayers} times, one in another: it is no profile.`);
  }
  if (isZstd(bytes)) {
    const inner = unzstd(bytes, maxUnpackedBytes);
    await options.turn?.();
    return decode(inner, { ...options, layers: layers + 1 });
  }
  const { profile, unpacked, depth, notices } = await openMember(bytes, options, archives, '');
  try {
    const whole = await decode(unpacked, { ...options, layers: layers + 1, archives: depth + 1 });
    return notices.length === 0 ? whole : { ...whole, notices: [...whole.notices, ...notices] };
  } catch (error) {
    throw error instanceof InputError && !(error instanceof NothingFound)
      ? new InputError(`${shownName(profile.name)} in the archive: ${error.message}`)
      : error;
  }
}

/**
 * The members that are profiles by their names, those of archives in the archive as `inner.zip/heap.prof`.
 * @throws InputError for what is no archive, or a damaged one
 */
export async function listMembers(bytes: Uint8Array, options: Unpacking): Promise<readonly MemberProfile[]> {
  const { members } = await scanArchive(bytes, () => false, options);
  const found = members.flatMap((member) => asProfile(member) ?? []);
  if (found.length > 0) {
    return found;
  }
  for await (const inner of innerArchives(bytes, members, options)) {
    const scan = await scanArchive(inner.bytes, () => false, options);
    found.push(...scan.members.flatMap(({ name }) => asProfile({ name: `${inner.name}/${name}` }) ?? []));
  }
  return found;
}

interface OpenedMember {
  readonly profile: MemberProfile;
  readonly unpacked: Uint8Array;
  /** Archives around the one that it is in. */
  readonly depth: number;
  readonly notices: readonly Notice[];
}

/** @param folder what is before the names of its members, where it is an archive in another. @throws as decodeContained */
async function openMember(bytes: Uint8Array, options: Unpacking, depth: number, folder: string): Promise<OpenedMember> {
  const { member: selector = '' } = options;
  if (depth > 1) {
    throw new InputError(
      'It is an archive in an archive in an archive: one archive in another is opened, no deeper one.'
    );
  }
  const isAsked = await withEngine(() => membersTest(selector));
  const named = namedMembers(selector);
  const asked = new Map<string, MemberProfile>();
  let best: MemberProfile | undefined;
  const { members, wanted, cut } = await scanArchive(
    bytes,
    ({ name: own }) => {
      const name = folder + own;
      const profile = asProfile({ name }) ?? (named.has(name) ? { name, profile: '' } : undefined);
      if (!profile || !isAsked(profile)) {
        return false;
      }
      asked.set(own, profile);
      const isWanted = !best || isBetter(profile, best);
      best = isWanted ? profile : best;
      return isWanted;
    },
    options,
    named.size > 0
  );
  const profile = wanted && asked.get(wanted.member.name);
  if (profile) {
    const notices = [...choiceNotices(profile, [...asked.values()]), ...cutNotice(cut)];
    return { profile, unpacked: wanted.bytes, depth, notices };
  }
  if (best) {
    throw new InputError(`${shownName(best.name)} cannot be read. ${cutNotice(cut).map(({ text }) => text)}`);
  }
  return openInner(bytes, members, options, depth, cut);
}

/** Looks for a member in the archives that an archive has, where it is not in that itself. @throws as decodeContained */
async function openInner(
  bytes: Uint8Array,
  members: Scan['members'],
  options: Unpacking,
  depth: number,
  cut: string | undefined
): Promise<OpenedMember> {
  const inside = members.flatMap((member) => asProfile(member) ?? []);
  const [first] = members.filter(({ name }) => isArchive(name));
  if (first && depth > 0) {
    throw new InputError(
      `${shownName(first.name)} is an archive in an archive in an archive: one archive in another is opened, no deeper one.`
    );
  }
  for await (const inner of innerArchives(bytes, members, options)) {
    try {
      return await openMember(inner.bytes, options, depth + 1, `${inner.name}/`);
    } catch (error) {
      if (!(error instanceof NothingFound)) {
        throw error instanceof InputError ? new InputError(`${shownName(inner.name)}: ${error.message}`) : error;
      }
      inside.push(
        ...(await listMembers(inner.bytes, options)).map((one) => ({ ...one, name: `${inner.name}/${one.name}` }))
      );
    }
  }
  const { member: selector = '' } = options;
  const what = selector === '' || selector === '{}' ? 'no profile' : `no profile that matches ${selector}`;
  const there =
    members.length === 0
      ? 'it is empty, without any member'
      : inside.length === 0
        ? `none of its ${counted(members.length, 'member')} is one by its name${exampleOf(members)}`
        : `it has ${listed(inside)}`;
  throw new NothingFound(`The archive holds ${what}: ${there}.${cutNotice(cut).map(({ text }) => ` ${text}`)}`);
}

const exampleOf = ([first]: Scan['members']) => (first ? `, e.g. ${shownName(first.name)}` : '');

const cutNotice = (cut: string | undefined): Notice[] =>
  cut === undefined
    ? []
    : [
        {
          severity: 'warning',
          text: `The archive is damaged or cut off ${cut}. What follows there is not known: upload it again.`,
        },
      ];

const isArchive = (name: string) => /\.(zip|tar|tgz|tar\.gz|tar\.zst)$/i.test(name);

/** Archives that an archive has, one after the other: unpacked, so that of each only its members are left to read. */
async function* innerArchives(bytes: Uint8Array, members: Scan['members'], options: Unpacking) {
  for (const { name } of members.filter((member) => isArchive(member.name)).slice(0, maxInner)) {
    const { wanted } = await scanArchive(bytes, (member) => member.name === name, options);
    if (wanted) {
      yield { name, bytes: wanted.bytes };
    }
  }
}

/**
 * One pass over an archive, however it is packed.
 * @param isNamed whether one member is wanted by its name, of however many
 * @throws InputError
 */
async function scanArchive(
  bytes: Uint8Array,
  wants: Wants,
  { unpack, turn }: Unpacking,
  isNamed = false
): Promise<Scan> {
  const plain = isZstd(bytes) ? unzstd(bytes, maxUnpackedBytes) : bytes;
  await turn?.();
  if (isZip(plain)) {
    return scanZip(plain, wants, maxUnpackedBytes, isNamed);
  }
  const isPacked = isGzip(plain);
  if (!isPacked && !isTar(plain)) {
    throw new InputError('It is no archive: expected a zip, a tar, or a tar packed with gzip or zstd.');
  }
  return scanTar(isPacked ? gunzipChunks(plain, unpack, turn) : one(plain), wants, maxUnpackedBytes, isNamed);
}

async function* one(bytes: Uint8Array) {
  yield bytes;
}
