import { pipeline } from 'node:stream/promises';
import { isExpected } from './command';
import { traceParts } from './traceCommand';

// npm run -s trace -- {-pprof=KIND|-d=parsed|-d=footprint|-summary} FILE
//
// Prints what `go tool trace` prints of an execution trace, from our core.

try {
  await pipeline(
    traceParts(process.argv.slice(2), (text) => process.stderr.write(`${text}\n`)),
    process.stdout
  );
} catch (error) {
  if (!isExpected(error)) {
    throw error;
  }
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
