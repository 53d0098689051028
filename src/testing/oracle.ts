import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What `go tool pprof` answers: what it prints, or why it refuses. */
export type Answer = { readonly stdout: string } | { readonly refusal: string };

export type Oracle = (args: readonly string[]) => Promise<Answer>;

/**
 * The go tool pprof of the installed Go, without symbolization; undefined where Go is not installed. The tool itself is
 * run where go says where it is: the go command takes ten times as long to start it.
 */
export function findOracle(): Oracle | undefined {
  if (spawnSync('go', ['version']).status !== 0) {
    return undefined;
  }
  // Builds the tool where it was never run.
  spawnSync('go', ['tool', 'pprof', '-h']);
  const path = execFileSync('go', ['tool', '-n', 'pprof'], { encoding: 'utf8' }).trim();
  const [command, first] = existsSync(path) ? [path, []] : ['go', ['tool', 'pprof']];
  return (args) =>
    new Promise((resolve) => {
      execFile(
        command,
        [...first, '-symbolize=none', ...args],
        { env: { ...process.env, TZ: 'UTC' }, maxBuffer: 1 << 28 },
        (error, stdout, stderr) => resolve(error ? { refusal: stderr } : { stdout })
      );
    });
}

/**
 * Where pprof's order of two rows depends on how Go walks a map, it differs from run to run: edges and tags of opposite
 * values, and nodes that print the same (internal/graph, tags.Less, edgeList.Less, Nodes.Sort). The text with rows that
 * follow each other and have one absolute value in a fixed order, which is what such edges and tags are.
 */
export function withoutTies(text: string): string {
  const lines: string[] = [];
  let tied: string[] = [];
  let last: string | undefined;
  for (const line of text.split('\n')) {
    const value = /^ *-?([0-9.]+\S*)/.exec(line)?.[1];
    if (value === undefined || value !== last) {
      lines.push(...tied.sort());
      tied = [];
    }
    last = value;
    tied.push(line);
  }
  return [...lines, ...tied.sort()].join('\n');
}

/**
 * What is the same whichever order nodes that print the same come in: the lines as a set, without their running sums; up
 * to the sums where the report shows only the first of them.
 */
export function withoutOrder(text: string): string {
  if (/^Showing top \d/m.test(text)) {
    return text.slice(0, text.indexOf('Showing nodes'));
  }
  const words = text.split('\n').map((line) =>
    line
      .replace(/^( *\S+ +\S+%) +\S+%/, '$1')
      .replace(/ +/g, ' ')
      .trim()
  );
  return words.sort().join('\n');
}
