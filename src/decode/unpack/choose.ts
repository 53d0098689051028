import { compileMatcher } from '../../text/matcher';
import type { Notice } from '../../text/notice';
import { namesOfProfile, profileNameOf, profileNames } from '../../text/profileName';
import { parseSelector, type Matcher } from '../../text/selector';
import { shownName, type Member } from './scan';

/** A member that is a profile, by its name. */
export interface MemberProfile {
  /** As the archive has it. */
  readonly name: string;
  /** Go's name of the profile, '' where the member's name does not say it. */
  readonly profile: string;
}

/**
 * What of an archive a query asks for: the tests of `profile` and `member` in its selector.
 * @throws InputError for a selector or a pattern that cannot be read
 */
export function membersTest(selector: string): (member: MemberProfile) => boolean {
  const tests = parseSelector(selector).map((matcher) => ({ matcher, test: compileMatcher(matcher) }));
  return ({ name, profile }) =>
    tests.every(({ matcher, test }) => {
      if (matcher.name !== 'profile') {
        return matcher.name !== 'member' || test(name);
      }
      const names = namesOfProfile(profile);
      return matcher.op.startsWith('!') ? names.every(test) : names.some(test);
    });
}

/** Names that a selector has for members, whatever these look like. */
export const namedMembers = (selector: string): ReadonlySet<string> =>
  new Set(
    parseSelector(selector)
      .filter(({ name, op }: Matcher) => name === 'member' && op === '=')
      .map(({ value }) => value)
  );

/** Undefined for what is no profile by its name. */
export function asProfile({ name }: Pick<Member, 'name'>): MemberProfile | undefined {
  const profile = /(^|[/\\])__MACOSX[/\\]/.test(name) ? undefined : profileNameOf(name);
  return profile === undefined ? undefined : { name, profile };
}

/** Whether one is opened rather than another, where both are asked for. */
export function isBetter(a: MemberProfile, b: MemberProfile): boolean {
  const differences = [
    place(a) - place(b),
    // Beside a node's profile of now there may be a folder of older ones.
    depth(a) - depth(b),
    form(a) - form(b),
    a.name.localeCompare(b.name, 'en', { numeric: true }),
  ];
  return (differences.find((difference) => difference !== 0) ?? 0) < 0;
}

const place = ({ profile }: MemberProfile) => {
  const at = profileNames.indexOf(profile);
  return profile === '' ? profileNames.length - 1.5 : at;
};
const depth = ({ name }: MemberProfile) => name.split(/[/\\]/).length;

/** Of one profile in several formats the text that has the states of goroutines comes first, debug=1, which has least, last. */
const form = ({ name }: MemberProfile) =>
  /debug2/.test(name) ? 0 : /debug1/.test(name) ? 3 : /\.(txt|log)(\.gz)?$/.test(name) ? 1 : 2;

/** What is said where others could have been opened. */
export function choiceNotices(chosen: MemberProfile, asked: readonly MemberProfile[]): Notice[] {
  if (asked.length < 2) {
    return [];
  }
  const alike = asked.filter(({ profile }) => profile === chosen.profile);
  const others = asked.filter(({ name }) => name !== chosen.name);
  const other = alike.find(({ name }) => name !== chosen.name) ?? others[0];
  const how =
    alike.length > 1
      ? `member="${shownName(other.name)}"`
      : `profile="${others.find(({ profile }) => profile !== '')?.profile ?? ''}"`;
  return [
    {
      severity: 'info',
      text: `Of ${asked.length} profiles in the archive that match, ${shownName(chosen.name)} is opened. Another is opened by ${how} in the selector: ${listed(others)}.`,
    },
  ];
}

/** Members in few words: `heap (n1/heap.pprof, n2/heap.pprof), cpu (cpu.pprof)`. */
export function listed(members: readonly MemberProfile[]): string {
  const most = 10;
  const byProfile = new Map<string, string[]>();
  for (const { name, profile } of members.slice(0, most)) {
    byProfile.set(profile, [...(byProfile.get(profile) ?? []), shownName(name)]);
  }
  const parts = [...byProfile].map(([profile, names]) =>
    profile === '' ? names.join(', ') : `${profile} (${names.join(', ')})`
  );
  const more = members.length > most ? ` and ${members.length - most} more` : '';
  return parts.join(', ') + more;
}
