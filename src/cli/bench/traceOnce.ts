import { readFileSync } from 'node:fs';
import { decodeTrace } from '../../decode/trace/trace';
import { goroutineSummaries } from './traceReadings';

// A process of its own, which bench.ts --trace starts: from a file to the summaries of its goroutines, or to all that the first
// query reads.
const [, , work, file] = process.argv;
const bytes = new Uint8Array(readFileSync(file));
const rows = work === 'summaries' ? goroutineSummaries(bytes) : (await decodeTrace(bytes)).sample.length;
process.stdout.write(`${rows}\n`);
