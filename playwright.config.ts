import { defineConfig, devices } from '@playwright/test';

const port = Number(process.env.PORT ?? 3987);
const storePort = Number(process.env.STORE_PORT ?? 9987);

/** Browser tests drive the workbench of `npm run demo`. */
export default defineConfig({
  testDir: './tests',
  // Not tests/grafana, which needs real Grafana and has its own configuration.
  testMatch: 'tests/*.spec.ts',
  // One worker: the tests share one data source, and one of them breaks its settings.
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  retries: process.env.CI ? 1 : 0,
  reporter: 'list',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1400, height: 900 },
    baseURL: `http://127.0.0.1:${port}`,
    trace: 'retain-on-failure',
    launchOptions: { executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium' },
  },
  webServer: {
    command: 'node scripts/demo.mjs',
    url: `http://127.0.0.1:${port}`,
    env: { PORT: String(port), STORE_PORT: String(storePort) },
    timeout: 180_000,
  },
});
