/** A longer column, with what this one holds. @param rows at least as many as it has */
export function grown<T extends Float64Array | Int32Array | Uint32Array | Uint8Array>(column: T, rows: number): T {
  const longer = new (column.constructor as new (length: number) => T)(rows);
  longer.set(column);
  return longer;
}
