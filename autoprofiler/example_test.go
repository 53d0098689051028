package autoprofiler_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"path"
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
