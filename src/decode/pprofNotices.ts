import type { Profile } from '../profile/profile';
import type { Notice } from '../text/notice';

type Header = Pick<Profile, 'sampleTypes' | 'durationNanos' | 'period'>;

/**
 * What of a file could not be taken as it is, though a query may be answered all the same.
 * @param unmapped locations that name a mapping that is not in the file
 */
export function pprofNotices({ sampleTypes, durationNanos, period }: Header, unmapped: number): Notice[] {
  const notices: Notice[] = [];
  const warn = (text: string) => notices.push({ severity: 'warning', text });
  const inexact = sampleTypes.filter(({ isInexact }) => isInexact).map(({ type }) => `"${type}"`);
  if (inexact.length > 0) {
    warn(
      `Values of ${inexact.join(', ')} are beyond ±2^53 and cannot be shown; those of other sample types are exact.`
    );
  }
  const implausible = Object.entries({ duration: durationNanos, period }).filter(
    ([, value]) => !Number.isSafeInteger(value)
  );
  for (const [name, value] of implausible) {
    warn(
      `The ${name} of the profile is implausible: ${value.toPrecision(4)}${name === 'duration' ? ' ns' : ''}. Values are right, rates cannot be.`
    );
  }
  if (unmapped > 0) {
    warn(`${unmapped} locations name a mapping that is not in the file: their binary is not known.`);
  }
  return notices;
}
