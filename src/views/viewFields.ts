import {
  baseFields,
  captureFields,
  estimateFields,
  filterFields,
  limitFields,
  valueFields,
  type FieldName,
} from '../fields/fields';

/** Fields of every view that opens the same. */
export const fieldsOfOpening = {
  profile: ['readFrom', ...captureFields, ...limitFields, ...filterFields, ...valueFields, ...estimateFields],
  goroutines: [...captureFields, ...limitFields, ...filterFields],
  process: [...captureFields, 'maxCaptures', 'maxMiB', ...filterFields],
  fleet: ['maxCaptures', 'maxMiB', ...filterFields],
  memory: captureFields,
  meta: captureFields,
  trace: captureFields,
  keys: [],
} as const satisfies Record<string, readonly FieldName[]>;

/** Fields of every view that takes a base so. */
export const fieldsOfBase = {
  none: [],
  subtracted: [...baseFields, 'baseMode', 'normalize', 'scale'],
  beside: [...baseFields, 'baseMode', 'normalize', 'scale'],
  required: [...baseFields, 'baseMode', 'normalize', 'scale'],
  goroutines: baseFields,
} as const satisfies Record<string, readonly FieldName[]>;

/** All that a view uses of a query. */
export const fieldsOf = ({
  opens,
  base,
  fields,
}: {
  readonly opens: keyof typeof fieldsOfOpening;
  readonly base: keyof typeof fieldsOfBase;
  readonly fields: readonly FieldName[];
}): readonly FieldName[] => [...fieldsOfOpening[opens], ...fieldsOfBase[base], ...fields];
