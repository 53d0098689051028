/** The values of a column at some rows. */
export function picked<T extends Float64Array | Int32Array | Uint32Array | Uint8Array>(
  column: T,
  rows: Uint32Array
): T {
  const values = new (column.constructor as new (length: number) => T)(rows.length);
  for (let i = 0; i < rows.length; i++) {
    values[i] = column[rows[i]];
  }
  return values;
}
