package autoprofiler_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// handle is a request of a service: a task that says its tenant, and some work.
func handle(w http.ResponseWriter, r *http.Request) {
	ctx, task := trace.NewTask(r.Context(), "request")
	defer task.End()
	trace.Log(ctx, "tenant_id", "acme")
	answer := map[string]int{}
	for i := range 200 {
		answer[strconv.Itoa(i)] = i
	}
	json.NewEncoder(w).Encode(answer)
}

// go test -run '^$' -bench FlightRecorder -benchtime 20000x -count 6 .
//
// What the flight recorder costs a service: CPU of client and server for a request, without and with it.
func BenchmarkFlightRecorder(b *testing.B) {
	b.Run("off", benchmarkRequests)
	b.Run("on", func(b *testing.B) {
		recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: 10 * time.Second, MaxBytes: 8 << 20})
		if err := recorder.Start(); err != nil {
			b.Fatal(err)
		}
		defer recorder.Stop()
		benchmarkRequests(b)
		began := time.Now()
		size, err := recorder.WriteTo(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(size)/1e6, "MB-written")
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms-to-write")
	})
}

func benchmarkRequests(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(handle))
	defer server.Close()
	before := cpuTime(b)
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			response, err := http.Get(server.URL)
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	})
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-us/request")
}

func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// What naming the tenant costs a unit of work by itself, while the recorder runs and while it does not.
func BenchmarkTenantOfTask(b *testing.B) {
	work := func(b *testing.B) {
		for b.Loop() {
			ctx, task := trace.NewTask(context.Background(), "push")
			trace.Log(ctx, "tenant_id", "acme")
			pprof.Do(ctx, pprof.Labels("tenant_id", "acme"), func(context.Context) {})
			task.End()
		}
	}
	b.Run("off", work)
	b.Run("on", func(b *testing.B) {
		recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{MaxBytes: 8 << 20})
		if err := recorder.Start(); err != nil {
			b.Fatal(err)
		}
		defer recorder.Stop()
		work(b)
	})
}
