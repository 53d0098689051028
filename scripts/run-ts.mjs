// Runs a TypeScript entry of this repository in Node: bundles it with esbuild in memory, then imports it.
//   node scripts/run-ts.mjs src/cli/main.ts ARGS…
import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [entry, ...args] = process.argv.slice(2);
// Below node_modules, so that packages left out of the bundle are found.
const cache = fileURLToPath(new URL('../node_modules/.cache', import.meta.url));
mkdirSync(cache, { recursive: true });
const dir = mkdtempSync(join(cache, 'pproflens-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const outfile = join(dir, 'main.mjs');
await build({
  entryPoints: [resolve(entry)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  // They find files of their own beside their code.
  external: ['@playwright/test', 'esbuild'],
  banner: {
    js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
  },
});
process.argv = [process.argv[0], entry, ...args];
await import(pathToFileURL(outfile).href);
