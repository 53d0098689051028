import type { Page } from '@playwright/test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDemo } from './demo';
import { heaps } from './heaps';
import { round } from './median';

// npm run bench:fleet [WORKERS…]
//
// 2,000 heap captures of 20 instances merged in Chromium, for each number of workers: from the address of the page to the last
// answer, the page's own load and the requests to the bucket included, and what the page and its workers hold then, after a garbage collection. The captures
// are those of the demo, which a Go program wrote, under other names.

const captures = 2000;
const instances = 20;
const workerCounts = process.argv.slice(2).map(Number);

function heapsOf(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('heap.pb.gz'))
    .map((path) => readFileSync(join(folder, path)));
}

/** In the default key layout. @returns bytes of all */
function writeFleet(folder: string): number {
  const files = heapsOf('demo/captures');
  let bytes = 0;
  for (let i = 0; i < captures; i++) {
    const time = new Date(Date.UTC(2026, 10, 3, 14, 0, 0) + Math.floor(i / instances) * 5000);
    const [year, month, day, hour] = time.toISOString().split(/\D/);
    const stamp = time.toISOString().replace(/[-:]/g, '');
    const id = `k${String(i).padStart(7, '0')}`;
    const path = join(
      folder,
      `fleet/${year}/${month}/${day}/${hour}`,
      `${stamp}_${id}_interval_1000000-2000000_fleet-${i % instances}_v1`
    );
    mkdirSync(path, { recursive: true });
    const file = files[i % files.length];
    writeFileSync(join(path, 'heap.pb.gz'), file);
    bytes += file.length;
  }
  return bytes;
}

async function measure(page: Page, url: string, workers: number): Promise<object> {
  await page.addInitScript((count) => {
    Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => count + 1 });
  }, workers);
  const query = {
    refId: 'A',
    view: 'top',
    capture: 'merge',
    selector: '{service="fleet",profile="heap"}',
    maxCaptures: captures,
  };
  const memory = await heaps(page);
  const begun = Date.now();
  await page.goto(`${url}/?tab=explore&from=now-6h&query=${encodeURIComponent(JSON.stringify(query))}`);
  const said: string[] = [];
  let first: number | undefined;
  while (Date.now() - begun < 240_000) {
    const text = await page.evaluate(() => document.body.innerText);
    const part = /[\d,]+ of [\d,]+ captures[^.;]*/.exec(text)?.[0];
    if (part && said[said.length - 1] !== part) {
      said.push(part);
    }
    const isTable = /flat%/.test(text);
    first ??= isTable ? Date.now() - begun : undefined;
    if (isTable && !/others are loading|Loading:/.test(text)) {
      break;
    }
    await page.waitForTimeout(20);
  }
  const ms = Date.now() - begun;
  return {
    workers,
    ms: round(ms),
    firstRowsMs: first,
    told: said.length,
    lastTold: said[said.length - 1],
    mainMB: round((await memory.main()) / 1e6),
    workersMB: round((await memory.workers()) / 1e6),
  };
}

const scratch = mkdtempSync(join(tmpdir(), 'pproflens-bench-'));
try {
  const bytes = writeFleet(scratch);
  const results = await withDemo({ CAPTURES: scratch }, async (browser, url) => {
    const all: object[] = [];
    for (const count of workerCounts.length > 0 ? workerCounts : [1, 2]) {
      const context = await browser.newContext();
      all.push(await measure(await context.newPage(), url, count));
      await context.close();
    }
    return all;
  });
  process.stdout.write(`${JSON.stringify({ captures, instances, bytes, results })}\n`);
} finally {
  rmSync(scratch, { recursive: true });
}
