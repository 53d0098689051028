// Command record writes profiles of one moment of itself into a folder, each as protobuf (.pb.gz) and as text (.debug1):
// go run -trimpath testdata/text/record.go testdata/text && gzip -9n testdata/text/*.debug1
package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

var kept [][]byte

type shelf[T any] struct{ items []T }

func (s *shelf[T]) add(item T) { s.items = append(s.items, item) }

func inlined(size int) []byte { return make([]byte, size) }

func allocate(depth int, s *shelf[[]byte]) {
	if depth > 0 {
		allocate(depth-1, s)
		return
	}
	for i := range 300 {
		s.add(inlined(64 << (i % 8)))
	}
	kept = append(kept, make([]byte, 1<<20))
}

//go:noinline
func contend(mu *sync.Mutex, wait time.Duration) {
	mu.Lock()
	defer mu.Unlock()
	time.Sleep(wait)
}

func write(folder, name string, profile *pprof.Profile, level int) {
	file, err := os.Create(filepath.Join(folder, name))
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if err := profile.WriteTo(file, level); err != nil {
		panic(err)
	}
}

func main() {
	folder := os.Args[1]
	rate, err := strconv.Atoi(os.Getenv("MEM_RATE"))
	if err != nil {
		rate = 1024
	}
	runtime.MemProfileRate = rate
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	s := &shelf[[]byte]{}
	allocate(5, s)
	s.items = s.items[:200:200]
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			contend(&mu, 2*time.Millisecond)
		}()
	}
	group.Wait()
	runtime.SetBlockProfileRate(0)
	runtime.GC()
	runtime.GC()
	debug.SetGCPercent(-1)
	for _, name := range []string{"heap", "block", "mutex", "threadcreate"} {
		// The first time takes memory of its own.
		for range 2 {
			write(folder, name+".pb.gz", pprof.Lookup(name), 0)
			write(folder, name+".debug1", pprof.Lookup(name), 1)
		}
	}
	runtime.KeepAlive(s)
}
