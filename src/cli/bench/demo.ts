import { chromium, type Browser } from '@playwright/test';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

/** Puts a file of an event into a folder of captures, under a key of the default layout. */
export function putCapture(captures: string, service: string, time: Date, name: string, bytes: Uint8Array): void {
  const stamp = time.toISOString().replace(/[-:]/g, '');
  const folders = [stamp.slice(0, 4), stamp.slice(4, 6), stamp.slice(6, 8), stamp.slice(9, 11)].join('/');
  const event = `${stamp}_k3v9q2xd_heap-ratio_6979321856-8589934592_${service}-0_v1`;
  const folder = join(captures, service, folders, event);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), bytes);
}
