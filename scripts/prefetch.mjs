// What later steps of npm test install and compile, while the first ones, which take one processor, run: a process of its own, at
// the lowest priority. A step that finds something missing brings it itself and says why it cannot.
import { spawnSync } from 'node:child_process';
import { missing as ceph } from '../tests/servers/ceph.mjs';
import { installAll } from '../tests/servers/clouds.mjs';
import { missing as live } from '../demo/live.mjs';
import { ensureGrafana13 } from './grafana13.mjs';
import { asShipped, ensureChromium, has, root } from './setup.mjs';

const attempt = (work) => {
  try {
    work();
  } catch (error) {
    process.stdout.write(`${error.message}\n`);
  }
};

const go = (module, args, env = {}) => {
  const result = spawnSync('go', ['-C', module, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  process.stdout.write(`go ${args.join(' ')} in ${module}: ${result.status}\n`);
};

[ceph, live, ensureChromium, ensureGrafana13, installAll].forEach(attempt);
if (has('go')) {
  go('gateway', ['vet', './...'], asShipped);
  go('gateway', ['build', './...'], asShipped);
  go('autoprofiler', ['vet', './...']);
  if (has('gcc')) {
    go('autoprofiler', ['build', '-race', './...']);
    go('gateway', ['build', '-race', './internal/...']);
  }
}
