import { defineConfig } from '@playwright/test';
import { shared, use } from '../shared';

const port = Number(process.env.PORT ?? 3986);
const url = `http://127.0.0.1:${port}`;

/** The story once, over `npm run demo:live`: a service that runs out of memory now, Prometheus, Alertmanager. */
export default defineConfig({
  ...shared,
  testDir: '.',
  outputDir: '../../test-results/live',
  timeout: 150_000,
  expect: { timeout: 30_000 },
  use: use(url),
  webServer: {
    command: 'node scripts/demo.mjs live',
    cwd: '../..',
    url,
    env: { PORT: String(port), STORE_PORT: process.env.STORE_PORT ?? '9986', CLIMB_SECONDS: '40' },
    timeout: 180_000,
    // It has servers and a cgroup of its own to end.
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
  },
});
