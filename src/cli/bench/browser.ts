import type { Page } from '@playwright/test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isGzip } from '../../decode/containers';
import { decodeTrace } from '../../decode/trace/trace';
import type { Execution } from '../../profile/execution';
import { generateProfile, largeShape } from '../../testing/generate';
import { putCapture, withDemo } from './demo';
import { nodeGunzip } from '../gunzip';
import { round } from './median';

// npm run bench:browser              a profile of 30 MB
// npm run bench:browser -- TRACE     an execution trace, and all panels of its dashboard
//
// How long the page's main thread is blocked while it is loaded and drawn: by all that runs there, and by code of module.js. The
// workbench shows it, Chromium's profiler and its list of long tasks say how long.

/** A recording of V8's profiler (the protocol's Profiler.Profile). */
interface CpuProfile {
  readonly nodes: ReadonlyArray<{ id: number; callFrame: { url: string }; children?: number[] }>;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The longest stretch, in ms, in which every sample has a frame of the plugin's scripts. */
function longestStretch({ nodes, samples, timeDeltas }: CpuProfile): number {
  const isOurs = new Map<number, boolean>();
  // Parents come before their children.
  for (const { id, callFrame, children = [] } of nodes) {
    const ours = (isOurs.get(id) ?? false) || callFrame.url.includes('/public/plugins/');
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

/** What the main thread did: tasks above 50 ms, and the longest stretch of the plugin's code in one, all in ms. */
interface Blocked {
  readonly longTasksMs: readonly number[];
  readonly longestOfPluginMs: number;
}

/** What happens to a page, which counts long tasks, during some work: where it opens the page, that is within. */
async function blocked(page: Page, work: () => Promise<void>): Promise<Blocked> {
  const session = await page.context().newCDPSession(page);
  await session.send('Profiler.enable');
  await session.send('Profiler.setSamplingInterval', { interval: 500 });
  await session.send('Profiler.start');
  await work();
  const { profile } = (await session.send('Profiler.stop')) as unknown as { profile: CpuProfile };
  const tasks = await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
  return { longTasksMs: tasks.map(round), longestOfPluginMs: round(longestStretch(profile)) };
}

const countLongTasks = (page: Page) =>
  page.addInitScript(() => {
    const tasks: number[] = [];
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => tasks.push(duration))).observe({
      type: 'longtask',
    });
    Object.assign(window, { longTasks: tasks });
  });

async function profilePage(page: Page, url: string): Promise<object> {
  await countLongTasks(page);
  // The page is there, with a view that opens no profile, before the clock starts.
  await page.goto(`${url}/?tab=explore&query=${encodeURIComponent('{"refId":"A","view":"captures"}')}`);
  await page.getByRole('table').first().waitFor();
  await page.evaluate(() => ((window as unknown as { longTasks: number[] }).longTasks.length = 0));
  return blocked(page, async () => {
    await page.getByRole('combobox', { name: 'View' }).click();
    await page.getByRole('option', { name: /^Flame graph/ }).click();
    await page.locator('canvas').first().waitFor({ timeout: 120_000 });
    await page.waitForTimeout(1000);
  });
}

/**
 * The dashboard of traces, all panels at once, whether they are in sight or not. The clock starts when the last byte of the trace
 * is there: `answeredMs` is when each panel had its frames, `drawnMs` when the last was drawn.
 */
async function tracePage(page: Page, dashboard: string): Promise<object> {
  await countLongTasks(page);
  await page.addInitScript(() => {
    const drawn = { at: 0, waiting: -1 };
    const look = () => {
      const waiting = document.querySelectorAll(
        '.grid .panel :is([data-state="Loading"], [data-testid="Spinner"])'
      ).length;
      Object.assign(drawn, waiting === drawn.waiting ? {} : { waiting, at: performance.now() });
      setTimeout(look, 10);
    };
    addEventListener('DOMContentLoaded', look);
    Object.assign(window, { drawn });
  });
  const result = await blocked(page, async () => {
    await page.goto(dashboard);
    // Nothing waits, and nothing has for two seconds.
    await page.waitForFunction(() => {
      const { at, waiting } = (window as unknown as { drawn: { at: number; waiting: number } }).drawn;
      return (
        waiting === 0 && at > 0 && performance.now() - at > 2000 && performance.getEntriesByName('response').length > 0
      );
    });
  });
  const times = await page.evaluate(() => {
    const arrived = performance.getEntriesByType('resource').find(({ name }) => name.includes('/trace.out'));
    const from = (arrived as PerformanceResourceTiming).responseEnd;
    const answered = performance.getEntriesByName('response').map(({ startTime }) => startTime);
    return {
      answeredMs: Math.max(...answered) - from,
      drawnMs: (window as unknown as { drawn: { at: number } }).drawn.at - from,
    };
  });
  return { answeredMs: round(times.answeredMs), drawnMs: round(times.drawnMs), ...result };
}

async function benchProfile(scratch: string): Promise<object> {
  const bytes = generateProfile(largeShape);
  putCapture(scratch, 'bench', new Date(), 'cpu.pb.gz', gzipSync(bytes));
  return withDemo({ CAPTURES: scratch }, async (browser, url) => ({
    rawBytes: bytes.length,
    ...(await profilePage(await browser.newPage(), url)),
  }));
}

/** The dashboard at the seconds of the trace, as a click on its row opens it. */
async function linkToTrace(page: Page, url: string): Promise<string> {
  await page.goto(`${url}/d/pproflens-trace?var-service=bench&from=now-2h&to=now`);
  await page.getByRole('region', { name: 'Trace', exact: true }).getByRole('link').first().click();
  await page.waitForURL(/from=\d+/);
  const address = page.url();
  await page.close();
  return address;
}

/** Five pages, each with a worker and a cache of its own. */
async function benchTracePages(file: string, scratch: string): Promise<object> {
  const packed = new Uint8Array(readFileSync(file));
  const bytes = isGzip(packed) ? await nodeGunzip(packed) : packed;
  const { execution } = await decodeTrace(bytes);
  const { startMs, duration } = execution as Execution;
  if (startMs === undefined) {
    throw new Error(`${file} does not say when it was: it takes a trace of Go 1.25 or later.`);
  }
  putCapture(scratch, 'bench', new Date(startMs + duration / 1e6), 'trace.out.gz', gzipSync(bytes));
  return withDemo({ CAPTURES: scratch }, async (browser, url) => {
    const dashboard = await linkToTrace(await browser.newPage(), url);
    const pages: object[] = [];
    for (let run = 0; run < 5; run++) {
      const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
      pages.push(await tracePage(await context.newPage(), dashboard));
      await context.close();
    }
    return { rawBytes: bytes.length, pages };
  });
}

const [, , trace] = process.argv;
const scratch = mkdtempSync(join(tmpdir(), 'pproflens-bench-'));
try {
  const result = await (trace ? benchTracePages(trace, scratch) : benchProfile(scratch));
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  rmSync(scratch, { recursive: true });
}
