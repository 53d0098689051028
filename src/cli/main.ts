import { pipeline } from 'node:stream/promises';
import { isExpected, pprofParts } from './command';

// npm run -s pprof -- <flags of go tool pprof> FILE…
//
// Prints what `go tool pprof` prints, from our core.

try {
  const parts = await pprofParts(process.argv.slice(2), (text) => process.stderr.write(`${text}\n`));
  await pipeline(parts, process.stdout);
} catch (error) {
  if (!isExpected(error)) {
    throw error;
  }
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
