import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isGzip } from '../../decode/containers';
import { nodeGunzip } from '../gunzip';
import { coldPages } from './coldPages';
import { chromiumPath } from './demo';
import { inTurns, middle, round } from './median';
import { hasGo } from './peers';

const runs = 10;

/**
 * A first query, each in a process that has run nothing before: from a file to its flame graph, by us, by pprof-format and
 * by `go tool pprof -top`, in turns; and in Chromium, each in a page of its own with a worker of its own, from the click to
 * the frame that the panel gets. Medians of ten. Nothing is warm but the system's cache of files.
 * @param scratch a folder for what is built
 */
export async function benchCold(files: readonly string[], scratch: string): Promise<object> {
  const [once, peer] = await Promise.all(['coldOnce', 'coldPeer'].map((name) => script(name, scratch)));
  const results: object[] = [];
  for (const file of files) {
    const bytes = new Uint8Array(readFileSync(file));
    const raw = isGzip(bytes) ? await nodeGunzip(bytes) : bytes;
    const [ours, pprofFormat, goToolPprof, node] = await inTurns(runs, [
      () => processTo('node', [once, file]),
      () => processTo('node', [peer, file]),
      () => (hasGo ? processTo('go', ['tool', 'pprof', '-symbolize=none', '-top', file]) : undefined),
      () => processTo('node', ['-e', '0']),
    ]);
    results.push({
      file,
      rawBytes: raw.length,
      coldProcessMs: round(ours),
      ofThisNodeStartMs: round(node),
      coldWithoutNodeStartMs: round(ours - node),
      peers: { coldPprofFormatMs: round(pprofFormat), coldGoToolPprofMs: hasGo ? round(goToolPprof) : null },
      ratio: {
        coldPprofFormat: round(pprofFormat / ours),
        coldGoToolPprof: hasGo ? round(goToolPprof / ours) : null,
        // A browser runs already when it is clicked in.
        withoutNodeStartGoToolPprof: hasGo ? round(goToolPprof / (ours - node)) : null,
      },
    });
  }
  if (!existsSync(chromiumPath)) {
    process.stderr.write(`Without Chromium: there is none at ${chromiumPath} (CHROMIUM_PATH).\n`);
    return { runs, cold: results };
  }
  const pages = await coldPages(files, scratch, runs);
  return {
    runs,
    cold: results.map((result, i) => ({
      ...result,
      coldChromiumMs: { atOnce: times(pages[i].atOnce), afterASecond: times(pages[i].afterASecond) },
    })),
  };
}

const times = (all: readonly number[]) => ({ median: round(middle(all)), all: all.map(round) });

/** A script of this folder for Node, with its late imports in chunks of their own, as in the plugin. */
async function script(name: string, scratch: string): Promise<string> {
  const outdir = join(scratch, name);
  await build({
    entryPoints: [`src/cli/bench/${name}.ts`],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    format: 'esm',
  });
  return join(outdir, `${name}.mjs`);
}

/** Runs a process to its end. @throws Error where it fails */
function processTo(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${error?.message ?? `code ${status}`}: ${String(stderr)}`);
  }
}
