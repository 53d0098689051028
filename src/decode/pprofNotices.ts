import type { Profile } from '../profile/profile';
import { counted, type Notice } from '../text/notice';

/**
 * What of a file could not be taken as it is, though a query may be answered all the same.
 * @param unmapped locations that name a mapping that is not in the file
 */
export function pprofNotices(
  { sampleTypes, durationNanos, period }: Pick<Profile, 'sampleTypes' | 'durationNanos' | 'period'>,
  unmapped: number
): Notice[] {
  const inexact = sampleTypes.filter(({ isInexact }) => isInexact).map(({ type }) => `"${type}"`);
  const implausible = (name: string, value: number, unit: string) =>
    !Number.isSafeInteger(value) && `The ${name} of the profile is implausible: ${value.toPrecision(4)}${unit}.`;
  return [
    inexact.length > 0 && `Values of ${inexact.join(', ')} are beyond ±2^53 and are not shown; all others are exact.`,
    implausible('duration', durationNanos, ' ns'),
    implausible('period', period, ''),
    unmapped > 0 &&
      `${counted(unmapped, 'location')} ${unmapped === 1 ? 'names' : 'name'} a mapping that is not in the file.`,
  ].flatMap((text) => (text ? [{ severity: 'warning', text } as const] : []));
}
