/** A column with twice the rows. */
export function longer<T extends Float64Array | Int32Array | Uint32Array>(column: T): T {
  const grown = new (column.constructor as new (length: number) => T)(column.length * 2);
  grown.set(column as never);
  return grown;
}
