import { chromium, type Browser } from '@playwright/test';
import { spawn } from 'node:child_process';

export const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** The demo and a browser, while something is measured there. @param env of the demo */
export async function withDemo<T>(
  env: Record<string, string>,
  measure: (browser: Browser, url: string, storeUrl: string) => Promise<T>
): Promise<T> {
  const { PORT = '3988', STORE_PORT = '9988' } = process.env;
  const demo = spawn('node', ['scripts/demo.mjs'], {
    env: { ...process.env, PORT, STORE_PORT, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let said = '';
    const url = await new Promise<string>((resolve, reject) => {
      demo.stdout.on('data', (text) => {
        said += String(text);
        const match = /workbench\s+(http\S+)/.exec(said);
        if (match) {
          resolve(new URL(match[1]).origin);
        }
      });
      demo.on('exit', (code) => reject(new Error(`the demo ended with code ${code}`)));
    });
    const browser = await chromium.launch({ executablePath: chromiumPath });
    const store = new URL(/bucket\s+(http\S+)/.exec(said)?.[1] ?? '').origin;
    const result = await measure(browser, url, store);
    await browser.close();
    return result;
  } finally {
    demo.kill();
  }
}
