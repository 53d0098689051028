// Command record writes a small execution trace of itself into a file. What Go says of it is beside it, for each KIND of
// net, sync, syscall and sched what `go tool trace -pprof=KIND` gives, printed by `go tool pprof -raw -symbolize=none`:
// go run -trimpath testdata/trace/record.go testdata/trace/small.trace && gzip -9n testdata/trace/small.trace
package main

import (
	"context"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"time"
)

func main() {
	runtime.GOMAXPROCS(2)
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := trace.Start(file); err != nil {
		panic(err)
	}
	work()
	trace.Stop()
	if err := file.Close(); err != nil {
		panic(err)
	}
}

func work() {
	ctx, task := trace.NewTask(context.Background(), "request")
	trace.Log(ctx, "tenant", "acme")
	var mu sync.Mutex
	var wg sync.WaitGroup
	jobs := make(chan int)
	for range 3 {
		wg.Go(func() { consume(ctx, jobs, &mu) })
	}
	for i := range 6 {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	task.End()
	read, write, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	go func() {
		time.Sleep(2 * time.Millisecond)
		write.Write([]byte{1})
	}()
	read.Read(make([]byte, 1))
	runtime.GC() // Some waits of the runtime's own goroutines.
}

func consume(ctx context.Context, jobs <-chan int, mu *sync.Mutex) {
	for range jobs {
		trace.WithRegion(ctx, "store", func() {
			mu.Lock()
			defer mu.Unlock()
			time.Sleep(time.Millisecond)
		})
	}
}
