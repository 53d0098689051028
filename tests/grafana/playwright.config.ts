import type { PluginOptions } from '@grafana/plugin-e2e';
import { defineConfig } from '@playwright/test';
import { dirname } from 'node:path';
import { shared, use } from '../shared';

const auth = dirname(require.resolve('@grafana/plugin-e2e'));

/** Tests in real Grafana, which is running: `npm run grafana` starts one and says its address. */
export default defineConfig<PluginOptions>({
  ...shared,
  testDir: '.',
  outputDir: '../../test-results/grafana',
  retries: process.env.CI ? 1 : 0,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  use: use(process.env.GRAFANA_URL ?? 'http://127.0.0.1:3000'),
  projects: [
    { name: 'login', testDir: `${auth}/auth`, testMatch: /auth\.setup\.js/ },
    { name: 'grafana', use: { storageState: 'playwright/.auth/admin.json' }, dependencies: ['login'] },
  ],
});
