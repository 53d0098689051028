// node --test scripts/layers.test.mjs: that .dependency-cruiser.mjs refuses each kind of arrow that it should. Violations are
// planted in a copy of src.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { root } from './setup.mjs';

/** File → what it holds, and the rule that refuses it, where one does. */
const planted = {
  'src/profile/up.ts': [`import '../views/table';`, 'layer-profile'],
  'src/views/types.ts': [`import type { Query } from '../query/query';\nexport type T = Query;`, 'layer-views'],
  'src/store/bare.ts': [`import type { Query } from 'query/query';\nexport type T = Query;`, 'layer-store'],
  'src/query/root.ts': [`import { proxyFetch } from '../proxyFetch';\nexport const f = proxyFetch;`, 'layer-query'],
  'src/editors/deep.ts': [`import { decode } from '../decode/decode';\nexport const f = decode;`, 'layer-editors'],
  'src/frames/again.ts': [`export { run } from '../query/run';`, 'layer-frames'],
  'src/ops/lazy.ts': [`export const f = () => import('../views/top');`, 'layer-ops'],
  'src/ops/grafana.ts': [
    `import type { DataFrame } from '@grafana/data';\nexport type T = DataFrame;`,
    'core-without-platform',
  ],
  'src/decode/react.ts': [`import { useState } from 'react';\nexport const f = useState;`, 'core-without-platform'],
  'src/decode/file.ts': [
    `import { readFileSync } from 'node:fs';\nexport const f = readFileSync;`,
    'browser-without-node',
  ],
  'src/worker/path.ts': [`import { join } from 'path';\nexport const f = join;`, 'browser-without-node'],
  'src/files.ts': [`import { readFileSync } from 'node:fs';\nexport const f = readFileSync;`, 'browser-without-node'],
  'src/printed.ts': [`import { pprof } from './cli/command';\nexport const f = pprof;`, 'shell-without-tools'],
  'src/views/one.ts': [`import type { Two } from './two';\nexport type One = Two | 1;`, 'no-circle'],
  'src/views/two.ts': [`import type { One } from './one';\nexport type Two = One[];`], // Of a circle one arrow is named.
  'src/views/nowhere.ts': [`import '../profile/nowhere';`, 'resolves'],
};

let scratch;
let violations;

function cruise() {
  const command = join(root, 'node_modules/.bin/depcruise');
  const args = ['src', '--config', '.dependency-cruiser.mjs', '--output-type', 'json'];
  const { stdout, stderr } = spawnSync(command, args, { cwd: scratch, encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.ok(stdout, stderr);
  return JSON.parse(stdout).summary.violations;
}

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pproflens-layers-'));
  for (const path of ['src', 'tsconfig.json', '.config', 'package.json', '.dependency-cruiser.mjs']) {
    cpSync(join(root, path), join(scratch, path), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
  for (const [path, [text]] of Object.entries(planted)) {
    mkdirSync(dirname(join(scratch, path)), { recursive: true });
    writeFileSync(join(scratch, path), `${text}\n`);
  }
  violations = cruise();
});

after(() => rmSync(scratch, { recursive: true, force: true }));

for (const [path, [, rule]] of Object.entries(planted).filter(([, [, rule]]) => rule)) {
  test(`${path} is refused by ${rule}`, () => {
    const rules = violations.filter(({ from }) => from === path).map((violation) => violation.rule.name);
    assert.ok(rules.includes(rule), `refused by: ${rules.join(', ') || 'nothing'}`);
  });
}

test('nothing else is refused', () => {
  assert.deepEqual(
    violations.filter(({ from }) => !(from in planted)).map(({ from, to }) => `${from} → ${to}`),
    []
  );
});
