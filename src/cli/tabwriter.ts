/**
 * Aligns cells to the right in columns, as Go's text/tabwriter does with AlignRight and a padding of one space. A tab
 * (or \v) ends a cell; the text after a line's last one is no cell. A column is what follows each other in lines that have
 * a cell there: a line without one ends it, and so does \f, which ends its line.
 */
export function alignRight(text: string): string {
  const parts = text.split('\f');
  return parts.map((part) => alignBlock(part.split('\n').map((line) => line.split(/[\t\v]/)))).join('\n');
}

function alignBlock(lines: readonly string[][]): string {
  const padding = lines.map((cells) => cells.map(() => 0));
  const width = (cell: string) => [...cell].length;
  const align = (column: number, start: number, stop: number): void => {
    const has = (i: number) => i < stop && column < lines[i].length - 1;
    for (let i = start; i < stop; i++) {
      if (!has(i)) {
        continue;
      }
      const first = i;
      let most = 0;
      for (; has(i); i++) {
        most = Math.max(most, width(lines[i][column]));
      }
      for (let k = first; k < i; k++) {
        padding[k][column] = most + 1 - width(lines[k][column]);
      }
      align(column + 1, first, i);
    }
  };
  align(0, 0, lines.length);
  return lines.map((cells, i) => cells.map((cell, k) => ' '.repeat(padding[i][k]) + cell).join('')).join('\n');
}
