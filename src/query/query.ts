import { defaultFields } from '../fields/defaultFields';
import type { FieldName, QueryFields } from '../fields/fields';
import { fieldChoices, fieldNumbers } from '../fields/fieldValues';
import { InputError } from '../text/notice';
import type { ViewInfo, ViewQuery } from '../views/view';
import { fieldsOf } from '../views/viewFields';
import type { keyViews } from './keyViews';
import type { traceViews } from './traceViews';
import { viewInfos } from './viewInfos';
import type { profileViews } from './views';

type AnyView = (typeof profileViews)[number] | (typeof traceViews)[number] | (typeof keyViews)[number];

type QueryOf<V> = V extends ViewInfo<infer O, infer N, infer B, infer F> ? ViewQuery<O, N, B, F> : never;

/** What the core and the shell are asked: of each view the fields that it uses, and no other. */
export type Query = QueryOf<AnyView>;

/** Queries of views that open the same. */
export type ProfileQuery = Extract<Query, { opens: 'profile' }>;
export type GoroutineQuery = Extract<Query, { opens: 'goroutines' }>;
export type ProcessQuery = Extract<Query, { opens: 'process' }>;
export type FleetQuery = Extract<Query, { opens: 'fleet' }>;
export type MetaQuery = Extract<Query, { opens: 'meta' }>;
export type MemoryQuery = Extract<Query, { opens: 'memory' }>;
export type TraceQuery = Extract<Query, { opens: 'trace' }>;
export type KeyQuery = Extract<Query, { opens: 'keys' }>;

/** What takes one capture after the other. */
export type CollectedQuery = ProcessQuery | FleetQuery;

/** What `run` answers. */
export type RunQuery = ProfileQuery | GoroutineQuery;

export type ViewName = AnyView['name'];

/** A query as dashboards store it, all fields filled in: flat, whatever its view. Stored JSON may lack any of them. */
export interface StoredQuery extends QueryFields {
  readonly view: ViewName;
}

export const defaultQuery: StoredQuery = { ...defaultFields, view: 'flame' };

/** What of a stored query can be read, the rest at its default: for those who show one that may be wrong. */
export function readableFields(stored: object): StoredQuery {
  const given = stored as Readonly<Record<string, unknown>>;
  const fields = Object.entries(defaultQuery).map(([name, standard]) => [
    name,
    typeof given[name] === typeof standard ? given[name] : standard,
  ]);
  const readable = Object.fromEntries(fields) as StoredQuery;
  return infos.has(readable.view) ? readable : { ...readable, view: defaultQuery.view };
}

const infos = new Map(viewInfos.map((info) => [info.name, info]));

/** A stored query as its view takes it: what the view does not use is at its default. */
export function ownFields(query: StoredQuery): StoredQuery {
  const own = new Set<string>(['view', 'selector', ...fieldsOf(infoOf(query))]);
  return Object.fromEntries(
    Object.entries(defaultQuery).map(([name, standard]) => [name, own.has(name) ? query[name as FieldName] : standard])
  ) as unknown as StoredQuery;
}

/** What the table of views says of the view of a query. */
export const infoOf = ({ view }: { readonly view: ViewName }): ViewInfo => infos.get(view) as ViewInfo;

export const isFlameView = (query: { readonly view: ViewName }): boolean => infoOf(query).panel === 'flamegraph';

/** Whether a view uses a field of the query. */
export const usesField = (query: { readonly view: ViewName }, field: FieldName): boolean =>
  fieldsOf(infoOf(query)).includes(field);

/**
 * The query that a stored one is: the fields of its view, those that it lacks at their defaults. Only this makes queries.
 * @throws InputError for what it has instead of what is expected, in any field: anyone may write one by hand
 */
export function parseQuery<V extends ViewName = ViewName>(
  stored: object & { readonly view?: V }
): Extract<Query, { view: V }> {
  const given = stored as Readonly<Record<string, unknown>>;
  const view = given.view ?? defaultQuery.view;
  const info = infos.get(view as ViewName);
  if (!info) {
    throw new InputError(`The query's view is ${printed(view)}: expected one of ${[...infos.keys()].join(', ')}.`);
  }
  const all = Object.fromEntries(
    Object.entries(defaultFields).map(([name, standard]) => [name, valueOf(name as FieldName, given[name], standard)])
  );
  const own = Object.fromEntries(fieldsOf(info).map((name) => [name, all[name]]));
  // The table says which fields each view has, and so does the type.
  return { ...own, view, opens: info.opens, selector: all.selector } as unknown as Extract<Query, { view: V }>;
}

/** @throws InputError */
function valueOf(name: FieldName, value: unknown, standard: QueryFields[FieldName]): unknown {
  if (value === undefined || value === null) {
    return standard;
  }
  const refuse = (expected: string): never => {
    throw new InputError(`The query's ${name} is ${printed(value)}: expected ${expected}.`);
  };
  if (typeof value !== typeof standard || Number.isNaN(value)) {
    refuse(`a ${typeof standard}`);
  }
  const choices = fieldChoices[name];
  if (choices && !choices.includes(value as string)) {
    refuse(`one of ${choices.filter((choice) => choice !== '').join(', ')}`);
  }
  const number = fieldNumbers[name];
  if (number && !number.isValid(value as number)) {
    refuse(number.expected);
  }
  return value;
}

/** A value as JSON has it, cut where it is long. */
function printed(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
