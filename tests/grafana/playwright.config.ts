import type { PluginOptions } from '@grafana/plugin-e2e';
import { defineConfig, devices } from '@playwright/test';
import { dirname } from 'node:path';

const auth = dirname(require.resolve('@grafana/plugin-e2e'));

/** Tests in real Grafana, which is running: `npm run grafana` starts one and says its address. */
export default defineConfig<PluginOptions>({
  testDir: '.',
  outputDir: '../../test-results/grafana',
  // One worker: a data source's settings and the bucket's count of writes are shared.
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  retries: process.env.CI ? 1 : 0,
  reporter: 'list',
  timeout: 60_000,
  expect: { timeout: 20_000 },
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1400, height: 900 },
    baseURL: process.env.GRAFANA_URL ?? 'http://127.0.0.1:3000',
    trace: 'retain-on-failure',
    launchOptions: { executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium' },
  },
  projects: [
    { name: 'login', testDir: `${auth}/auth`, testMatch: /auth\.setup\.js/ },
    { name: 'grafana', use: { storageState: 'playwright/.auth/admin.json' }, dependencies: ['login'] },
  ],
});
