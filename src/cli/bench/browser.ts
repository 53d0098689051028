import type { Page } from '@playwright/test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { generateProfile, largeShape } from '../../testing/generate';
import { withDemo } from './demo';
import { round } from './median';

// npm run bench:browser
//
// How long the page's main thread is blocked while a profile of 30 MB is loaded and drawn: by all that runs there, and by
// code of module.js. The workbench shows it, Chromium's profiler and its list of long tasks say how long.

/** A recording of V8's profiler (the protocol's Profiler.Profile). */
interface CpuProfile {
  readonly nodes: ReadonlyArray<{ id: number; callFrame: { url: string }; children?: number[] }>;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The longest stretch, in ms, in which every sample has a frame of a script with that name. */
function longestStretch({ nodes, samples, timeDeltas }: CpuProfile, script: string): number {
  const isOurs = new Map<number, boolean>();
  // Parents come before their children.
  for (const { id, callFrame, children = [] } of nodes) {
    const ours = (isOurs.get(id) ?? false) || callFrame.url.endsWith(script);
    isOurs.set(id, ours);
    children.forEach((child) => isOurs.set(child, ours));
  }
  let longest = 0;
  let stretch = 0;
  samples.forEach((node, i) => {
    stretch = isOurs.get(node) ? stretch + timeDeltas[i] : 0;
    longest = Math.max(longest, stretch);
  });
  return longest / 1000;
}

async function measure(page: Page, url: string): Promise<object> {
  const session = await page.context().newCDPSession(page);
  await page.addInitScript(() => {
    const tasks: number[] = [];
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => tasks.push(duration))).observe({
      type: 'longtask',
    });
    Object.assign(window, { longTasks: tasks });
  });
  // The page is there, with a view that opens no profile, before the clock starts.
  await page.goto(`${url}/?tab=explore&query=${encodeURIComponent('{"refId":"A","view":"captures"}')}`);
  await page.getByRole('table').first().waitFor();
  await page.evaluate(() => ((window as unknown as { longTasks: number[] }).longTasks.length = 0));
  await session.send('Profiler.enable');
  await session.send('Profiler.setSamplingInterval', { interval: 500 });
  await session.send('Profiler.start');
  await page.getByRole('combobox', { name: 'View' }).click();
  await page.getByRole('option', { name: /^Flame graph/ }).click();
  await page.locator('canvas').first().waitFor({ timeout: 120_000 });
  await page.waitForTimeout(1000);
  const { profile } = (await session.send('Profiler.stop')) as unknown as { profile: CpuProfile };
  const tasks = await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
  return {
    longTasksMs: tasks.map(round),
    longestOfModuleMs: round(longestStretch(profile, '/module.js')),
  };
}

const scratch = mkdtempSync(join(tmpdir(), 'pproflens-bench-'));
const bytes = generateProfile(largeShape);
const folder = 'bench/2026/11/03/14/20261103T142233.456Z_k3v9q2xd_heap-ratio_6979321856-8589934592_bench-0_v1';
mkdirSync(join(scratch, folder), { recursive: true });
writeFileSync(join(scratch, folder, 'cpu.pb.gz'), gzipSync(bytes));
try {
  const result = await withDemo({ CAPTURES: scratch }, async (browser, url) => measure(await browser.newPage(), url));
  process.stdout.write(`${JSON.stringify({ rawBytes: bytes.length, ...result })}\n`);
} finally {
  rmSync(scratch, { recursive: true });
}
