import { isExpected, pprofOutput } from './command';

// npm run -s pprof -- <flags of go tool pprof> FILE…
//
// Prints what `go tool pprof` prints, from our core.

try {
  process.stdout.write(await pprofOutput(process.argv.slice(2), (text) => process.stderr.write(`${text}\n`)));
} catch (error) {
  if (!isExpected(error)) {
    throw error;
  }
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
