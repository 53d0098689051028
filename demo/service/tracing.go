package main

import (
	"context"
	"runtime/trace"
)

// beginTask begins the task of a job in the execution trace, where one is recorded. What its goroutines wait for is its
// tenant's by the log.
func beginTask(ctx context.Context, tenant, operation string) (context.Context, *trace.Task) {
	ctx, task := trace.NewTask(ctx, operation)
	trace.Log(ctx, "tenant", tenant)
	return ctx, task
}

// flightRecorder keeps what is left of the last second in a quarter of a MiB, or a little more: near the limit of its memory
// the collector's own events are most of it.
func flightRecorder() *trace.FlightRecorder {
	return trace.NewFlightRecorder(trace.FlightRecorderConfig{MaxBytes: 256 << 10})
}
