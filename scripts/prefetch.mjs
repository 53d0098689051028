// What later steps of npm test install and compile, while the first ones, which take one processor, run: a process of its own, at
// the lowest priority. A step that finds something missing brings it itself and says why it cannot.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { missing as ceph } from '../tests/servers/ceph.mjs';
import { missing as missingClouds } from '../tests/servers/clouds.mjs';
import { missing as live } from '../demo/live.mjs';
import { ensureGrafana13 } from './grafana13.mjs';
import { ensureChromium, go, goRace, has, racing } from './setup.mjs';

/** Says what a part could not bring. */
function attempt(work) {
  let why;
  try {
    why = work();
  } catch (error) {
    why = error.message;
  }
  if (why) {
    process.stdout.write(`${why}\n`);
    process.exitCode = 1;
  }
}

/** Compiles what the tests of Go are built on: the SDKs of clouds take minutes. */
function compile() {
  if (!has('go')) {
    return;
  }
  for (const module of ['gateway', 'autoprofiler']) {
    attempt(() => go(module, ['vet', './...']));
    attempt(() => go(module, ['build', './...']));
  }
  if (has('gcc')) {
    attempt(() => goRace('autoprofiler', ['build', './...']));
    attempt(() => goRace('gateway', ['build', ...racing]));
  }
}

const self = fileURLToPath(import.meta.url);
if (process.argv[2] === 'compile') {
  compile();
} else {
  // Beside what is installed, which waits for the network.
  const compiling = spawn(process.execPath, [self, 'compile'], { stdio: 'inherit' });
  [ceph, live, () => ensureChromium().missing, () => void ensureGrafana13(), missingClouds].forEach(attempt);
  // It may have ended while this thread was waiting for what it installed.
  const code = compiling.exitCode ?? (await once(compiling, 'close'))[0];
  process.exitCode ||= code;
}
