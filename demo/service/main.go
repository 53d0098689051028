// Command service is what the demo's captures are recorded from: a small multi-tenant service that parses, indexes,
// queries and caches, and that leaks memory and goroutines, blocks and contends on request. It does real work with the
// standard library, so its profiles look like those of a real service.
//
// Work is done under pprof.Do with the labels tenant_id and operation. net/http/pprof listens on a port of its own, as
// usual in production, and Go's own metrics. With a target for captures the auto-profiler watches it, and its metrics are there too.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/signal"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/pproflens/pproflens/demo/service/internal/leaks"
	"github.com/pproflens/pproflens/demo/service/internal/store"
	"github.com/pproflens/pproflens/demo/service/internal/work"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address of the service")
	debug := flag.String("debug", "127.0.0.1:6060", "address of net/http/pprof")
	workers := flag.Int("workers", 4, "goroutines that do the work")
	peer := flag.String("peer", "", "URL to ask for its memory every second")
	heapRate := flag.Int("heaprate", 8<<10, "bytes of heap for each sample of its profile")
	var profiling profiling
	profiling.addFlags(flag.CommandLine)
	flag.Parse()

	// Finer than the defaults, so that a minute of a small service says as much as an hour of a large one.
	runtime.MemProfileRate = *heapRate
	runtime.SetMutexProfileFraction(5)
	runtime.SetBlockProfileRate(10_000)

	s := newServer(*workers)
	profiler, err := profiling.start(s.cache, http.DefaultServeMux)
	if err != nil {
		log.Fatal(err)
	}
	defer profiler.Stop()
	go func() { log.Fatal(http.ListenAndServe(*debug, nil)) }()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /work", s.work)
	mux.HandleFunc("GET /leak", s.leak)
	mux.HandleFunc("GET /leak/goroutine", s.leakGoroutines)
	mux.HandleFunc("GET /contend", s.contend)
	mux.HandleFunc("GET /memory", memory)
	if *peer != "" {
		go watchPeer(*peer, time.Second)
	}

	stopped, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	service := &http.Server{Addr: *addr, Handler: mux}
	go func() {
		<-stopped.Done()
		service.Close()
	}()
	if err := service.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		profiler.Stop()
		log.Fatal(err)
	}
}

// watchPeer keeps a connection to another service, as a client of a database does.
func watchPeer(url string, every time.Duration) {
	for range time.Tick(every) {
		response, err := http.Get(url)
		if err != nil {
			continue
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

type server struct {
	jobs  chan job
	cache *store.Cache
	leaks leaks.Leaks
}

type job struct {
	ctx               context.Context
	tenant, operation string
	size              int
	keep              bool
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
		pprof.Do(j.ctx, labels, func(ctx context.Context) {
			trace.WithRegion(ctx, "run", func() { j.done <- s.do(j) })
		})
	}
}

func (s *server) do(j job) error {
	switch j.operation {
	case "ingest":
		series, err := work.Ingest(j.tenant, j.size)
		if j.keep {
			s.cache.Keep(j.tenant, series)
			go work.NotifyForever(j.tenant)
		} else {
			s.cache.Add(j.tenant, series)
		}
		return err
	case "query":
		return work.Query(s.cache.Series(j.tenant), j.size)
	case "compact":
		return work.Compact(j.tenant, j.size)
	}
	return fmt.Errorf("unknown operation %q: expected ingest, query or compact", j.operation)
}

// work does one job: /work?tenant=acme&operation=ingest&size=100. With keep=true what it ingests is never dropped, and a
// goroutine waits for ever to tell of it: the leak of an index that forgets to evict.
func (s *server) work(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.Atoi(r.FormValue("size"))
	if err != nil || size < 1 {
		http.Error(w, "size: expected a positive number", http.StatusBadRequest)
		return
	}
	tenant, operation := r.FormValue("tenant"), r.FormValue("operation")
	ctx, task := beginTask(r.Context(), tenant, operation)
	defer task.End()
	done := make(chan error, 1)
	trace.WithRegion(ctx, "queue", func() {
		s.jobs <- job{ctx, tenant, operation, size, r.FormValue("keep") == "true", done}
	})
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

// leakGoroutines starts goroutines of a tenant that never end: /leak/goroutine?kind=receiver&count=5&tenant=acme
func (s *server) leakGoroutines(w http.ResponseWriter, r *http.Request) {
	count, err := strconv.Atoi(r.FormValue("count"))
	if err != nil || count < 1 || count > 10_000 {
		http.Error(w, "count: expected a number from 1 to 10000", http.StatusBadRequest)
		return
	}
	labels := pprof.Labels("tenant_id", r.FormValue("tenant"), "operation", "leak")
	pprof.Do(r.Context(), labels, func(ctx context.Context) {
		if err := s.leaks.Start(ctx, r.FormValue("kind"), count); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
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
