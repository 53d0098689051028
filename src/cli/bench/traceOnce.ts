import { readFileSync } from 'node:fs';
import { decodeTrace } from '../../decode/trace/trace';

// A process of its own, which bench.ts --trace starts: from a file to its profile of blocking, as the first query does.
const profile = await decodeTrace(new Uint8Array(readFileSync(process.argv[2])));
process.stdout.write(`${profile.sample.length}\n`);
