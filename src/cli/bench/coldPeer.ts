import { readFileSync } from 'node:fs';
import { peerFlame } from './peers';

// A process of its own, which bench.ts --cold starts: the same by pprof-format.
process.stdout.write(`${peerFlame(new Uint8Array(readFileSync(process.argv[2])))}\n`);
