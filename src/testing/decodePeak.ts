import { readFileSync } from 'node:fs';
import { decode } from '../decode/decode';

// node BUNDLE FILE: a process of its own for each file, since the most memory that a process had never falls.
void (async () => {
  const bytes = new Uint8Array(readFileSync(process.argv[2]));
  const start = performance.now();
  const outcome = await decode(bytes).then(
    () => ({}),
    ({ name, message }: Error) => ({ name, message })
  );
  const ms = Math.round(performance.now() - start);
  const peakMB = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(JSON.stringify({ ...outcome, ms, peakMB }));
})();
