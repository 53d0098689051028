package autoprofiler_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path"
	"runtime/pprof"
	"runtime/trace"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
)

func Example() {
	profiler, err := autoprofiler.Start(autoprofiler.Config{Service: "ingester", Target: autoprofiler.Folder("/captures")})
	if err != nil {
		log.Print(err) // the service goes on: a nil profiler does nothing
	}
	defer profiler.Stop()
}

// A capture made by hand, to a folder: its files appear under the default key layout.
func ExampleProfiler_Capture() {
	dir, err := os.MkdirTemp("", "captures")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	profiler, err := autoprofiler.Start(autoprofiler.Config{
		Service: "ingester",
		Target:  autoprofiler.Folder(dir),
		Logger:  slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := profiler.Capture(context.Background(), "after the cache was filled"); err != nil {
		log.Fatal(err)
	}
	profiler.Stop() // waits for the uploads

	files, err := fs.Glob(os.DirFS(dir), "ingester/*/*/*/*/*_manual_*/*.*")
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range files {
		fmt.Println(path.Base(file))
	}
	// Output:
	// goroutine.pb.gz
	// goroutine.txt.gz
	// heap.pb.gz
	// meta.json
}

// Captures with ten seconds of CPU profile and of execution trace, at memory levels of the service's own, that survive a
// restart of the container.
func ExampleConfig() {
	profiler, err := autoprofiler.Start(autoprofiler.Config{
		Service:        "ingester",
		Target:         autoprofiler.Folder("/captures"),
		Rungs:          []float64{0.50, 0.75, 0.90, 0.95},
		CPU:            10 * time.Second,
		FlightRecorder: trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: 10 * time.Second, MaxBytes: 8 << 20}),
		SpoolDir:       "/spool", // an emptyDir volume
	})
	if err != nil {
		log.Print(err)
	}
	defer profiler.Stop()
}

// Each request says whose it is: in execution traces by a task, in CPU and goroutine profiles by labels.
func Example_tenants() {
	http.HandleFunc("/push", func(w http.ResponseWriter, r *http.Request) {
		tenant := r.Header.Get("X-Scope-OrgID")
		ctx, task := trace.NewTask(r.Context(), "push")
		defer task.End()
		trace.Log(ctx, "tenant_id", tenant)
		pprof.Do(ctx, pprof.Labels("tenant_id", tenant), func(ctx context.Context) {
			defer trace.StartRegion(ctx, "store").End()
			// The work. Goroutines that it starts are of this task, and have its labels.
		})
	})
}

// A worker of a pool was there before the task: it says for whom it works by logging with the task's context.
func Example_tenantsOfAPool() {
	type job struct {
		ctx    context.Context
		tenant string
		run    func(context.Context)
	}
	jobs := make(chan job)
	go func() {
		for next := range jobs {
			trace.Log(next.ctx, "tenant_id", next.tenant)
			pprof.Do(next.ctx, pprof.Labels("tenant_id", next.tenant), next.run)
		}
	}()
	close(jobs)
}
