// Command service is what the demo's captures are recorded from: a small multi-tenant service that parses, indexes,
// queries and caches, and that leaks, blocks and contends on request. It does real work with the standard library, so
// its profiles look like those of a real service.
//
// Work is done under pprof.Do with the labels tenant_id and operation. net/http/pprof listens on a port of its own, as
// usual in production.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"

	"github.com/pproflens/pproflens/demo/service/internal/store"
	"github.com/pproflens/pproflens/demo/service/internal/work"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address of the service")
	debug := flag.String("debug", "127.0.0.1:6060", "address of net/http/pprof")
	workers := flag.Int("workers", 4, "goroutines that do the work")
	flag.Parse()

	// Finer than the defaults, so that a minute of a small service says as much as an hour of a large one.
	runtime.MemProfileRate = 8 << 10
	runtime.SetMutexProfileFraction(5)
	runtime.SetBlockProfileRate(10_000)

	s := newServer(*workers)
	go func() { log.Fatal(http.ListenAndServe(*debug, nil)) }()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /work", s.work)
	mux.HandleFunc("GET /leak", s.leak)
	mux.HandleFunc("GET /contend", s.contend)
	mux.HandleFunc("GET /memory", memory)
	log.Fatal(http.ListenAndServe(*addr, mux))
}

type server struct {
	jobs  chan job
	cache *store.Cache
}

type job struct {
	tenant, operation string
	size              int
	done              chan<- error
}

func newServer(workers int) *server {
	s := &server{jobs: make(chan job), cache: store.NewCache()}
	for range workers {
		go s.run()
	}
	return s
}

// run does jobs under the labels of their tenant.
func (s *server) run() {
	for j := range s.jobs {
		labels := pprof.Labels("tenant_id", j.tenant, "operation", j.operation)
		pprof.Do(context.Background(), labels, func(ctx context.Context) {
			j.done <- s.do(j)
		})
	}
}

func (s *server) do(j job) error {
	switch j.operation {
	case "ingest":
		series, err := work.Ingest(j.tenant, j.size)
		s.cache.Add(j.tenant, series)
		return err
	case "query":
		return work.Query(s.cache.Series(j.tenant), j.size)
	case "compact":
		return work.Compact(j.tenant, j.size)
	}
	return fmt.Errorf("unknown operation %q: expected ingest, query or compact", j.operation)
}

// work does one job: /work?tenant=acme&operation=ingest&size=100
func (s *server) work(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.Atoi(r.FormValue("size"))
	if err != nil || size < 1 {
		http.Error(w, "size: expected a positive number", http.StatusBadRequest)
		return
	}
	done := make(chan error, 1)
	s.jobs <- job{r.FormValue("tenant"), r.FormValue("operation"), size, done}
	if err := <-done; err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// leak keeps size KiB of series of a tenant for ever, and a goroutine that waits for a receiver that is gone.
func (s *server) leak(w http.ResponseWriter, r *http.Request) {
	kib, err := strconv.Atoi(r.FormValue("kib"))
	if err != nil || kib < 1 {
		http.Error(w, "kib: expected a positive number", http.StatusBadRequest)
		return
	}
	tenant := r.FormValue("tenant")
	labels := pprof.Labels("tenant_id", tenant, "operation", "leak")
	pprof.Do(r.Context(), labels, func(context.Context) {
		s.cache.Retain(tenant, kib<<10)
		go work.NotifyForever(tenant)
	})
}

// contend lets goroutines fight for one lock for a while.
func (s *server) contend(w http.ResponseWriter, r *http.Request) {
	var wg sync.WaitGroup
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s.cache.Contend(200 * time.Millisecond)
		}()
	}
	wg.Wait()
}

// memory prints what an auto-profiler watches: bytes the runtime holds of the system.
func memory(w http.ResponseWriter, _ *http.Request) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	fmt.Fprintln(w, samples[0].Value.Uint64()-samples[1].Value.Uint64())
}
