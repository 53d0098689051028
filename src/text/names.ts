/** Names that a field has with commas between them, as they are entered: without spaces, and without what is empty. */
export const namesIn = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
