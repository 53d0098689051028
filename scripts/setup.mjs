// What the README's commands need on a bare machine: node_modules, a built plugin, a browser. Each is left alone where
// it is there and fresh, and said where it is made. Uses nothing but Node, because nothing else is installed yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export const say = (text) => process.stdout.write(`▸ ${text}\n`);

/** Runs a command in the repository, its output shown. @throws Error where it fails */
export function run(command, args, { env = {} } = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${result.error?.message ?? `code ${result.status}`}`);
  }
}

/** How the gateway is shipped, and nearly all of Go is built here: each other way compiles the SDKs of three clouds anew, for minutes. */
export const asShipped = { flags: ['-trimpath'], env: { CGO_ENABLED: '0' } };

/** With C: the race detector is C, and services that are profiled have some. */
export const withC = { CGO_ENABLED: '1' };

/** Runs a command of `go` in a module. @throws Error where it fails */
export const go = (module, [command, ...args], env = {}) =>
  run('go', ['-C', module, command, ...asShipped.flags, ...args], { env: { ...asShipped.env, ...env } });

/** `go build` or `go test` with the race detector. @throws as `go` */
export const goRace = (module, [command, ...args]) => go(module, [command, '-race', ...args], withC);

/** Packages of the gateway that do things beside each other; the others bring the SDKs, which take minutes to compile anew. */
export const racing = ['./internal/capture', './internal/targets', './internal/reread'];

/** Whether a command, or the file of an absolute path, is there. */
export const has = (command) =>
  command.startsWith('/') ? existsSync(command) : spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** node_modules as package-lock.json says: npm notes there when it last installed. */
export function ensureModules() {
  const installed = modified(join(root, 'node_modules/.package-lock.json'));
  if (installed >= modified(join(root, 'package-lock.json')) && installed > 0) {
    return;
  }
  say(
    installed ? 'npm ci (package-lock.json is newer than node_modules)' : 'npm ci (no node_modules yet; some minutes)'
  );
  run('npm', ['ci', '--no-audit', '--no-fund'], { env: { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' } });
}

function newest(path) {
  const stat = statSync(path);
  return stat.isDirectory()
    ? Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
    : stat.mtimeMs;
}

/** Of the last commit, in seconds, for SOURCE_DATE_EPOCH. None where this is no clone. */
function commitTime() {
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? { SOURCE_DATE_EPOCH: stdout.trim() } : {};
}

/** dist/ as src/, and what `more` names, say. */
export function ensureBuild(more = []) {
  const paths = ['src', 'webpack.config.ts', 'scripts/licenses.ts', '.config', 'package-lock.json', ...more];
  const sources = paths.map((path) => join(root, path));
  if (modified(join(root, 'dist/module.js')) > Math.max(...sources.map(newest))) {
    return;
  }
  say('npm run build');
  run('npm', ['run', '--silent', 'build'], { env: commitTime() });
  // The bundler leaves a file alone whose content is the same; its time has to say when it was checked.
  utimesSync(join(root, 'dist/module.js'), new Date(), new Date());
}

/** Debian's packages, where this is Debian and we may install. Commands may be paths. @returns why not, or undefined */
export function ensureDebian(packages, commands) {
  if (commands.every(has)) {
    return undefined;
  }
  if (!has('apt-get')) {
    return `${commands.join(', ')} not found, and there is no apt-get to install ${packages.join(' ')}`;
  }
  if (process.getuid() !== 0) {
    return `${commands.join(', ')} not found; install with: sudo apt-get install ${packages.join(' ')}`;
  }
  say(`apt-get install ${packages.join(' ')}`);
  const apt = (...args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const done = apt('update', '-q') && apt('install', '-y', '-q', '--no-install-recommends', ...packages);
  return done && commands.every(has) ? undefined : `apt-get could not install ${packages.join(' ')}`;
}

/** Path of a Chromium: CHROMIUM_PATH, or the system's. @returns {{path?: string, missing?: string}} */
export function ensureChromium() {
  if (process.env.CHROMIUM_PATH) {
    return { path: process.env.CHROMIUM_PATH };
  }
  const found = ['chromium', 'chromium-browser', 'google-chrome'].find(has);
  const missing = found ? undefined : ensureDebian(['chromium', 'fonts-dejavu-core'], ['chromium']);
  if (missing) {
    return { missing: `${missing}; or set CHROMIUM_PATH` };
  }
  const path = spawnSync('sh', ['-c', `command -v ${found ?? 'chromium'}`])
    .stdout.toString()
    .trim();
  return { path };
}

/** The port, or the next free one; any free one for port 0. On loopback. */
export async function freePort(port = 0) {
  for (; ; port++) {
    const free = await new Promise((resolve) => {
      const probe = createServer()
        .once('error', () => resolve(undefined))
        .once('listening', () => {
          const found = probe.address().port;
          probe.close(() => resolve(found));
        })
        .listen(port, '127.0.0.1');
    });
    if (free) {
      return free;
    }
  }
}
