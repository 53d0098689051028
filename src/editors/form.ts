import type { FieldName } from '../fields/fields';
import type { StoredQuery } from '../query/query';
import type { ViewInfo } from '../views/view';

/** What each part of the query editor is given: a form over the fields that the query's view uses. */
export interface FormProps {
  /** Id of the input of a field. */
  readonly id: (field: string) => string;
  /** All fields, those that are not stored at their defaults. */
  readonly query: StoredQuery;
  readonly view: ViewInfo;
  /** Whether the view uses a field; others are not shown. */
  readonly uses: (field: FieldName) => boolean;
  /** Whether the data source has a Pyroscope beside its bucket. */
  readonly hasPyroscope: boolean;
  /** Stores the fields and runs the query. */
  readonly onChange: (patch: Partial<StoredQuery>) => void;
}
