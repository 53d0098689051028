import { defineConfig, devices } from '@playwright/test';

const port = Number(process.env.PORT ?? 3986);

/** The story once, over `npm run demo:live`: a service that runs out of memory now, Prometheus, Alertmanager. */
export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results/live',
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: 'list',
  timeout: 150_000,
  expect: { timeout: 30_000 },
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1400, height: 900 },
    baseURL: `http://127.0.0.1:${port}`,
    trace: 'retain-on-failure',
    launchOptions: { executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium' },
  },
  webServer: {
    command: 'node scripts/demo.mjs live',
    cwd: '../..',
    url: `http://127.0.0.1:${port}`,
    env: { PORT: String(port), STORE_PORT: process.env.STORE_PORT ?? '9986', CLIMB_SECONDS: '40' },
    timeout: 180_000,
    // It has servers and a cgroup of its own to end.
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
  },
});
