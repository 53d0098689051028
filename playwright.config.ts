import { defineConfig } from '@playwright/test';
import { shared, use } from './tests/shared';

const port = Number(process.env.PORT ?? 3987);
const url = `http://127.0.0.1:${port}`;
const storePort = Number(process.env.STORE_PORT ?? 9987);

/** Browser tests drive the workbench of `npm run demo`. */
export default defineConfig({
  ...shared,
  testDir: './tests',
  // Not tests/grafana, which needs real Grafana and has its own configuration.
  testMatch: 'tests/*.spec.ts',
  retries: process.env.CI ? 1 : 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: use(url),
  webServer: {
    command: 'node scripts/demo.mjs',
    url,
    env: { PORT: String(port), STORE_PORT: String(storePort) },
    timeout: 180_000,
  },
});
