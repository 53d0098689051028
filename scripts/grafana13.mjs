// The newest Grafana's packages beside those of package.json: a copy of what they are used in, with node_modules of its
// own. The plugin stays the one that is built with Grafana 12.3, since that is what users of both run.
//   node scripts/test.mjs grafana13       types, unit tests and browser tests against them
//   WORKBENCH=.grafana13 npm run demo     the workbench with them, after that
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, run, say } from './setup.mjs';

const packages = join(root, 'tests/grafana13');
// Within the repository, so that tools are found in its node_modules; the copy's own come first.
const copy = join(root, '.grafana13');
/** What uses Grafana's packages, what says how, and what its tests read. */
const sources = [
  'src',
  'demo/workbench',
  '.config',
  'jest.config.js',
  'jest-setup.js',
  'testdata/trace',
  'testdata/pyroscope',
  'demo/captures/shipping',
];
const tsconfig = {
  extends: '../tsconfig.json',
  compilerOptions: {
    noEmit: true,
    rootDir: '.',
    baseUrl: './src',
    // The packages of 13 name it in their exports alone, which TypeScript does not read with the scaffold's settings.
    paths: { '@grafana/ui/unstable': ['../node_modules/@grafana/ui/dist/types/unstable.d.ts'] },
    typeRoots: ['./node_modules/@types', '../node_modules/@types'],
  },
  include: ['src', '.config/types', 'demo/workbench'],
};

const text = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** The copy as the sources and tests/grafana13/package-lock.json are now. @returns its folder */
export function ensureGrafana13() {
  const lock = 'package-lock.json';
  const isInstalled =
    existsSync(join(copy, 'node_modules/.package-lock.json')) && text(join(copy, lock)) === text(join(packages, lock));
  mkdirSync(copy, { recursive: true });
  ['package.json', lock].forEach((name) => cpSync(join(packages, name), join(copy, name)));
  if (!isInstalled) {
    say(`npm ci in ${relative(root, copy)} (the packages of tests/grafana13)`);
    run('npm', ['ci', '--prefix', copy, '--no-audit', '--no-fund', '--ignore-scripts']);
  }
  for (const name of sources) {
    rmSync(join(copy, name), { recursive: true, force: true });
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(tsconfig));
  return copy;
}

/** Type-checks the copy. @throws Error where it has errors, or where a file of another Grafana or React was read */
export function checkTypes() {
  const { dependencies } = JSON.parse(text(join(packages, 'package.json')));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = { cwd: copy, encoding: 'utf8', maxBuffer: 1e9 };
  const { status, stdout } = spawnSync('node', [tsc, '-p', '.', '--listFiles'], options);
  const others = Object.keys(dependencies).map((name) => `${join(root, 'node_modules', name)}/`);
  const [files, errors] = [[], []];
  stdout.split('\n').forEach((line) => (line.startsWith('/') ? files : errors).push(line));
  if (status !== 0) {
    throw new Error(
      `src or demo/workbench does not fit the types of tests/grafana13/package.json:\n${errors.join('\n')}`
    );
  }
  const wrong = files.find((file) => others.some((other) => file.startsWith(other)));
  if (wrong || files.length === 0) {
    throw new Error(`the type check read ${wrong ?? 'no file'} instead of the packages in ${relative(root, copy)}`);
  }
}
