import { finerUnit, scale } from '../profile/measurement';
import type { Profile, ValueType } from '../profile/profile';
import { InputError, type Notice } from '../text/notice';
import { scaleValues } from './scale';

/** What a profile says about itself, apart from its tables. */
export type Header = Pick<
  Profile,
  | 'sampleTypes'
  | 'defaultSampleType'
  | 'periodType'
  | 'period'
  | 'timeNanos'
  | 'durationNanos'
  | 'comments'
  | 'docUrl'
  | 'dropFrames'
  | 'keepFrames'
  | 'notices'
>;

/** Where a profile has the sample types of a merged one, and what their values are multiplied by. */
export interface MergedTypes {
  readonly rows: readonly number[];
  readonly ratios: readonly number[];
}

/**
 * The header of two profiles merged: the sample types that both have, by name and in the first one's order, in the finer
 * unit of each (google/pprof profile/merge.go, CompatibilizeSampleTypes and combineHeaders; measurement.ScaleProfiles).
 * @throws InputError where they have no type in common, one type in units of different kinds, or differing periods
 */
export function mergeHeaders(a: Header, b: Header): { header: Header; sides: readonly [MergedTypes, MergedTypes] } {
  const common = a.sampleTypes.flatMap(({ type, unit }, row) => {
    const other = b.sampleTypes.findIndex((candidate) => candidate.type === type);
    const isInexact = a.sampleTypes[row].isInexact ?? b.sampleTypes[other]?.isInexact;
    return other < 0 ? [] : [{ type, row, other, unit: finerUnit(unit, b.sampleTypes[other].unit), isInexact }];
  });
  const period = commonPeriod(a.periodType, b.periodType);
  const sampleTypes = common.flatMap(({ type, unit, isInexact }): ValueType[] =>
    unit === undefined ? [] : [{ type, unit, ...(isInexact && { isInexact }) }]
  );
  if (common.length === 0 || sampleTypes.length < common.length || !period) {
    throw new InputError(
      `Profiles of different kinds cannot be merged: one has ${kindText(a)}, another ${kindText(b)}. Choose one profile.`
    );
  }
  const rows = common.map(({ row }) => row);
  const others = common.map(({ other }) => other);
  const periods = [a, b].map(({ period: value, periodType }) =>
    periodType ? Math.trunc(scale(value, periodType.unit, period.unit).value) : value
  );
  const header = {
    sampleTypes,
    defaultSampleType: defaultType(a, rows) || defaultType(b, others),
    periodType: a.periodType && period,
    period: periods[0] === 0 || periods[0] < periods[1] ? periods[1] : periods[0],
    // As pprof has it, a time that is missing (0) counts as the earliest where it comes later.
    timeNanos: a.timeNanos === 0n || b.timeNanos < a.timeNanos ? b.timeNanos : a.timeNanos,
    durationNanos: a.durationNanos + b.durationNanos,
    comments: [...new Set([...a.comments, ...b.comments])],
    docUrl: a.docUrl || b.docUrl,
    dropFrames: a.dropFrames,
    keepFrames: a.keepFrames,
    notices: withoutRepeats([...a.notices, ...b.notices]),
  };
  const sides = [
    { rows, ratios: ratiosOf(a, rows, sampleTypes) },
    { rows: others, ratios: ratiosOf(b, others, sampleTypes) },
  ] as const;
  return { header, sides };
}

/**
 * Profiles with the sample types that all of them have, in the first one's order and the finest unit of each. A builder
 * that takes profiles one at a time scales what it has added up; these are scaled sample by sample, as pprof does it.
 * @throws InputError where `mergeHeaders` does
 */
export function withCommonTypes(profiles: readonly Profile[]): readonly Profile[] {
  const [first, ...others] = profiles;
  const { sampleTypes } = others.reduce<Header>((header, profile) => mergeHeaders(header, profile).header, first);
  return profiles.map((profile) => {
    const rows = sampleTypes.map(({ type }) => profile.sampleTypes.findIndex((other) => other.type === type));
    const values = rows.map((row) => profile.sample.values[row]);
    return scaleValues(
      {
        ...profile,
        sampleTypes,
        defaultSampleType: defaultType(profile, rows),
        sample: { ...profile.sample, values },
      },
      ratiosOf(profile, rows, sampleTypes)
    );
  });
}

const ratiosOf = (profile: Header, rows: readonly number[], wanted: readonly ValueType[]): number[] =>
  rows.map((row, t) => scale(1, profile.sampleTypes[row].unit, wanted[t].unit).value);

/** Captures of one kind say the same. */
const withoutRepeats = (notices: readonly Notice[]): Notice[] => [
  ...new Map(notices.map((notice) => [notice.text, notice])).values(),
];

/** A profile that loses or reorders types has its first one as default where the default is lost. */
function defaultType({ sampleTypes, defaultSampleType }: Header, rows: readonly number[]): string {
  const isWhole = rows.length === sampleTypes.length && rows.every((row, t) => row === t);
  const isLeft = rows.some((row) => sampleTypes[row].type === defaultSampleType);
  return isWhole || isLeft ? defaultSampleType : sampleTypes[rows[0]].type;
}

/** Periods are of one type and kind of unit, or both of none. */
function commonPeriod(a: ValueType | undefined, b: ValueType | undefined): ValueType | undefined {
  const none = { type: '', unit: '' };
  const [first, second] = [a ?? none, b ?? none];
  const unit = finerUnit(first.unit, second.unit);
  return first.type === second.type && unit !== undefined ? { type: first.type, unit } : undefined;
}

function kindText({ sampleTypes, periodType }: Header): string {
  const text = ({ type, unit }: ValueType) => `${type} in ${unit}`;
  return sampleTypes.map(text).join(', ') + (periodType ? ` by ${text(periodType)}` : '');
}
