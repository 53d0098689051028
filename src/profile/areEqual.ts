type Column = Uint8Array | Uint32Array;

/** Whether two columns of one length have the same in each row. */
export function areEqual<T extends Column>(a: T, b: T): boolean {
  let row = 0;
  while (row < a.length && a[row] === b[row]) {
    row++;
  }
  return row === a.length;
}
