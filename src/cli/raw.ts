import { labelsOf } from '../profile/labels';
import { checkExact, MappingFlag, type Profile } from '../profile/profile';
import { compareText } from '../views/graph';
import { goDuration, localTime } from './goTimes';
import type { Report } from './report';

/** `-raw`: profile.String. Ids are rows from 1, as Go writes them and as `compact` makes them of a merge. */
export const rawText: Report = ({ profile }) => {
  profile.sampleTypes.forEach(checkExact);
  return (
    [
      ...headerLines(profile),
      'Samples:',
      ...sampleLines(profile),
      'Locations',
      ...locationLines(profile),
      'Mappings',
      ...mappingLines(profile),
    ].join('\n') + '\n'
  );
};

function headerLines({ comments, docUrl, periodType, period, timeNanos, durationNanos }: Profile): string[] {
  return [
    ...comments.map((comment) => `Comment: ${comment}`),
    ...(docUrl ? [`Doc: ${docUrl}`] : []),
    `PeriodType: ${periodType?.type ?? ''} ${periodType?.unit ?? ''}`,
    `Period: ${period}`,
    ...(timeNanos === 0n ? [] : [`Time: ${localTime(timeNanos)}`]),
    ...(durationNanos === 0 ? [] : [`Duration: ${goDuration(durationNanos).slice(0, 4)}`]),
  ];
}

function sampleLines(profile: Profile): string[] {
  const { sampleTypes, defaultSampleType, sample, stack } = profile;
  const types = sampleTypes.map(({ type, unit }) => `${type}/${unit}${type === defaultSampleType ? '[dflt]' : ''}`);
  const lines = [types.join(' ').trim()];
  for (let i = 0; i < sample.length; i++) {
    let text = sample.values.map((values) => ` ${String(values[i]).padStart(10)}`).join('') + ': ';
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      text += `${stack.location[row] + 1} `;
    }
    lines.push(text, ...labelLines(profile, sample.labelSet[i]));
  }
  return lines;
}

/** A line for texts and one for numbers, where there are any. */
function labelLines(profile: Profile, set: number): string[] {
  const { texts, numbers } = labelsOf(profile, set);
  const ofTexts = [...texts].map(([key, values]) => `${key}:[${values.join(' ')}]`);
  const ofNumbers = [...numbers].map(([key, values]) => {
    const hasUnit = values.some(({ unit }) => unit !== '');
    return `${key}:[${values.map(({ value, unit, digits }) => (digits || value) + (hasUnit ? ` ${unit}` : '')).join(' ')}]`;
  });
  return [ofTexts, ofNumbers]
    .filter((labels) => labels.length > 0)
    .map((labels) => ' '.repeat(16) + labels.sort(compareText).join(' '));
}

function locationLines(profile: Profile): string[] {
  const { location } = profile;
  const lines: string[] = [];
  for (let l = 0; l < location.length; l++) {
    let head = `${String(l + 1).padStart(6)}: 0x${location.address[l].toString(16)} `;
    head += location.mapping[l] < 0 ? '' : `M=${location.mapping[l] + 1} `;
    head += location.isFolded[l] ? '[F] ' : '';
    const first = location.lineOffset[l];
    if (first === location.lineOffset[l + 1]) {
      lines.push(head);
    }
    for (let k = first; k < location.lineOffset[l + 1]; k++) {
      lines.push(head + lineText(profile, k));
      head = ' '.repeat(13);
    }
  }
  return lines;
}

function lineText({ strings, line, function: func }: Profile, k: number): string {
  const f = line.function[k];
  if (f < 0) {
    return '??';
  }
  const name = strings[func.name[f]];
  const systemName = strings[func.systemName[f]];
  const text = `${name} ${strings[func.filename[f]]}:${line.line[k]}:${line.column[k]} s=${func.startLine[f]}`;
  return name === systemName ? text : `${text}(${systemName})`;
}

const mappingFlags = [
  [MappingFlag.functions, '[FN]'],
  [MappingFlag.filenames, '[FL]'],
  [MappingFlag.lineNumbers, '[LN]'],
  [MappingFlag.inlineFrames, '[IN]'],
] as const;

function mappingLines({ strings, mapping }: Profile): string[] {
  const hex = (value: bigint) => `0x${value.toString(16)}`;
  return Array.from({ length: mapping.length }, (_, m) => {
    const flags = mappingFlags.map(([bit, text]) => (mapping.flags[m] & bit ? text : '')).join('');
    return (
      `${m + 1}: ${hex(mapping.start[m])}/${hex(mapping.limit[m])}/${hex(mapping.offset[m])} ` +
      `${strings[mapping.filename[m]]} ${strings[mapping.buildId[m]]} ${flags}`
    );
  });
}
