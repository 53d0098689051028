import { encodePprof } from '../encode/pprof';
import { checkExact, type Profile } from '../profile/profile';
import type { Prepared } from '../views/preparedProfile';
import { untrimmed } from '../views/trimmedGraph';
import type { ReportOptions } from '../fields/reportOptions';

/** Options of a report that cuts nothing off and joins no frames, as -raw and -proto (internal/driver, applyCommandOverrides). */
export const ofWhole = <T extends ReportOptions>(options: T): T => ({
  ...untrimmed(options),
  granularity: 'addresses',
});

/**
 * `-proto`: uncompressed profile.proto, the only report of a profile that divide_by changes (report.printProto).
 * @throws InputError where a sample type has values that are not exact, since a file has all of them
 */
export function proto({ profile }: Prepared, { divideBy }: Pick<ReportOptions, 'divideBy'>): Uint8Array {
  profile.sampleTypes.forEach(checkExact);
  return encodePprof(divideBy > 0 && divideBy !== 1 ? divided(profile, divideBy) : profile);
}

function divided(profile: Profile, by: number): Profile {
  const values = profile.sample.values.map((column) => column.map((value) => Math.trunc(value * (1 / by))));
  return { ...profile, sample: { ...profile.sample, values } };
}
