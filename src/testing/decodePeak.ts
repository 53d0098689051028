import { existsSync, readFileSync } from 'node:fs';
import { decode } from '../decode/decode';

/** Linux counts in maxRSS what the process had that started this one. */
const peakKiB = (): number =>
  existsSync('/proc/self/status')
    ? Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
    : process.resourceUsage().maxRSS;

// node BUNDLE FILE: a process of its own for each file, since the most memory that a process had never falls.
void (async () => {
  const bytes = new Uint8Array(readFileSync(process.argv[2]));
  const start = performance.now();
  const outcome = await decode(bytes).then(
    () => ({}),
    ({ name, message }: Error) => ({ name, message })
  );
  const ms = Math.round(performance.now() - start);
  const peakMB = Math.round(peakKiB() / 1024);
  process.stdout.write(JSON.stringify({ ...outcome, ms, peakMB }));
})();
