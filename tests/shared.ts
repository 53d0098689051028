import { devices, type PlaywrightTestConfig } from '@playwright/test';

/** What the tests of the workbench, of the live demo and of real Grafana have in common. */
export const shared = {
  // Tests share a data source, its settings and the bucket's counts; scripts/test.mjs runs beside each other what changes none.
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: 'list',
} satisfies PlaywrightTestConfig;

/** @param baseURL where the pages are */
export const use = (baseURL: string): PlaywrightTestConfig['use'] => ({
  ...devices['Desktop Chrome'],
  viewport: { width: 1400, height: 900 },
  baseURL,
  // A trace's pictures of every step take as long as the steps: it has their documents, and the failure one picture.
  trace: { mode: 'retain-on-failure', screenshots: false },
  screenshot: 'only-on-failure',
  launchOptions: { executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium' },
});
