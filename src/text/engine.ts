/** What of re2js is used. */
export interface Compiled {
  groupCount(): number;
  matcher(text: string): { find(): boolean; group(group: number): string | null };
}

/**
 * The engine of regular expressions is nearly as large as the rest of the worker's script and few queries have a pattern that is
 * no plain text, so re2.ts is a chunk of its own. What has to compile at once, as the command line does, imports that first.
 */
let engine: ((text: string) => Compiled) | undefined;

export const setEngine = (compile: (text: string) => Compiled): void => {
  engine = compile;
};

/** Asks for `withEngine` around it. */
export class EngineMissing extends Error {}

/** @throws EngineMissing where it is not loaded yet */
export function compileRe2(): (text: string) => Compiled {
  if (!engine) {
    throw new EngineMissing('The engine of regular expressions is not loaded: import text/re2, or use withEngine.');
  }
  return engine;
}
