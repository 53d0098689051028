import { baseChoices, captureChoices } from '../captures/choices';
import { baseModes, diffDrawings, diffScales, estimateChoices, readFromChoices, type FieldName } from './fields';
import { signatureChoices } from './goroutineOptions';
import { reportOptions } from './reportOptions';
import { laneChoices, latencyChoices, rowChoices } from './traceOptions';

/** Fields with one of a few values. */
export const fieldChoices: Readonly<Partial<Record<FieldName, readonly string[]>>> = {
  ...Object.fromEntries(
    reportOptions.flatMap((option) => (option.kind === 'choice' ? [[option.field, option.choices]] : []))
  ),
  capture: captureChoices,
  base: baseChoices,
  baseMode: baseModes,
  scale: diffScales,
  drawing: diffDrawings,
  estimate: estimateChoices,
  readFrom: readFromChoices,
  signature: signatureChoices,
  rows: rowChoices,
  latencyOf: latencyChoices,
  lanes: laneChoices,
};

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0;

/** Numbers that are not just any: what is expected of one, and whether it is that. */
export const fieldNumbers: Readonly<
  Partial<Record<FieldName, { readonly expected: string; readonly isValid: (value: number) => boolean }>>
> = {
  maxNodes: { expected: 'at least 1', isValid: (value) => value >= 1 },
  maxCaptures: { expected: 'a whole number from 0 on, 0 for the limit of the data source', isValid: isCount },
  maxMiB: { expected: 'a number from 0 on, 0 for no limit', isValid: (value) => value >= 0 },
  maxSeconds: { expected: 'a number from 0 on, 0 for no limit', isValid: (value) => value >= 0 },
  nodeCount: { expected: 'a whole number', isValid: Number.isInteger },
};
