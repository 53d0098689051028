import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TraceReader } from '../decode/trace/reader';
import { kindsOfEvents } from '../testing/traces';

// GO_TOOLCHAINS='go1.22.12 go1.26.8 …' [GO_TRACES=10] npx jest src/cli/toolchains
//
// Fresh traces of these toolchains, which Go downloads: the stream of events is that of the installed `go tool trace -d=parsed`.
// GO_TRACES of each (default 1), with 1 to 4 processors.

const program = `package main

import (
	"context"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"time"
)

func main() {
	file, _ := os.Create(os.Args[1])
	trace.Start(file)
	ctx, task := trace.NewTask(context.Background(), "request")
	trace.Log(ctx, "tenant", "acme")
	var mu sync.Mutex
	var wg sync.WaitGroup
	jobs := make(chan int)
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range jobs {
				trace.WithRegion(ctx, "store", func() {
					mu.Lock()
					defer mu.Unlock()
					os.Getwd()
					time.Sleep(100 * time.Microsecond)
				})
			}
		}()
	}
	var keep [][]byte
	for start := time.Now(); time.Since(start) < 1200*time.Millisecond; {
		jobs <- 1
		keep = append(keep, make([]byte, 4096))
	}
	close(jobs)
	wg.Wait()
	runtime.GC()
	task.End()
	trace.Stop()
	file.Close()
	runtime.KeepAlive(keep)
}
`;
const toolchains = (process.env.GO_TOOLCHAINS ?? '').split(' ').filter((text) => text !== '');
const traces = Number(process.env.GO_TRACES ?? 1);

/** One line for each event: M, P, G, kind and time. */
function* linesOf(bytes: Uint8Array): Generator<string> {
  const reader = new TraceReader(bytes);
  const { ordering } = reader;
  const sync = (time: number) => `-1 -1 -1 Sync ${reader.origin + time}`;
  let end = 0;
  for (let next = reader.next(); next; next = reader.next()) {
    const { events, syncTime } = next;
    yield sync(syncTime);
    for (let i = 0; i < events.length; i++) {
      const m = ordering.threadIds[events.m[i]] ?? -1;
      const g = ordering.goroutineIds[events.g[i]] ?? -1;
      yield `${m} ${events.p[i]} ${g} ${kindsOfEvents[events.type[i]]} ${reader.origin + events.time[i]}`;
    }
    end = events.last;
  }
  yield sync(end + 1);
}

if (toolchains.length === 0) {
  it.skip("orders fresh traces of other toolchains as Go does: set GO_TOOLCHAINS='go1.22.12 …'", () => undefined);
} else {
  it.each(toolchains)(
    "fresh traces of %s: Go's stream of events",
    (toolchain) => {
      const folder = mkdtempSync(join(tmpdir(), 'pproflens-toolchain-'));
      try {
        writeFileSync(join(folder, 'main.go'), program);
        const binary = join(folder, 'main');
        execFileSync('go', ['build', '-o', binary, join(folder, 'main.go')], {
          env: { ...process.env, GOTOOLCHAIN: toolchain, GOFLAGS: '' },
        });
        for (let i = 0; i < traces; i++) {
          const trace = join(folder, 'out.trace');
          execFileSync(binary, [trace], { env: { ...process.env, GOMAXPROCS: String(1 + (i % 4)) } });
          const parsed = execFileSync('go', ['tool', 'trace', '-d=parsed', trace], { maxBuffer: 2 ** 30 }).toString();
          const says = [...parsed.matchAll(/^M=(\S+) P=(\S+) G=(\S+) (\S+) Time=(\d+)/gm)].map((match) =>
            match.slice(1).join(' ')
          );
          expect(says.length).toBeGreaterThan(1000);
          expect([...linesOf(new Uint8Array(readFileSync(trace)))]).toEqual(says);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    600_000
  );
}
