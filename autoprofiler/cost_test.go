//go:build !race

// The race detector takes memory of its own for each goroutine.

package autoprofiler

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/pproflens/pproflens/autoprofiler/internal/victim"
)

// What a goroutine profile and a dump take is no more than their estimates, nor a small part of them: then they would be
// left out where they fit. What writing any profile takes is not counted: a few goroutines' is that.
func TestTheCostOfGoroutinesIsEstimated(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // all that is allocated is held
	taken := func(write func(io.Writer) error) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := write(io.Discard); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	profile, text := lookup("goroutine", 0), compressed(lookup("goroutine", 2))
	taken(profile) // what is made once
	base := taken(profile)
	for _, test := range []struct{ goroutines, depth int }{
		{10_000, 2}, {10_000, 14}, {10_000, 50}, {10_000, 100}, {3_000, 300}, {1_000, 14}, {1_000, 100},
	} {
		t.Run(fmt.Sprintf("%d goroutines, %d deep", test.goroutines, test.depth), func(t *testing.T) {
			runtime.GC()
			until := make(chan struct{})
			ready := make(chan struct{})
			for i := range test.goroutines {
				go func() {
					ready <- struct{}{}
					victim.Wait(test.depth, i, until)
				}()
				<-ready
			}
			for range 1000 { // until they are that deep
				runtime.Gosched()
			}
			defer close(until)
			n, stacks := runtime.NumGoroutine(), stackBytes()
			cost, estimate := taken(profile)-base, goroutineProfileCost(n, stacks)
			t.Logf("stacks %d KiB: the profile takes %d KiB, %.2f of its estimate, %.2f of the stacks",
				stacks>>10, cost>>10, float64(cost)/float64(estimate), float64(cost)/float64(stacks))
			if cost > estimate || cost < estimate/8 {
				t.Errorf("the profile takes %d bytes, estimated as %d", cost, estimate)
			}
			if test.goroutines > 1000 { // of so many a capture has no dump by default: it takes seconds
				return
			}
			cost, estimate = taken(text), goroutineTextCost(stacks)
			t.Logf("the dump takes %d KiB, %.2f of its estimate", cost>>10, float64(cost)/float64(estimate))
			if cost > estimate {
				t.Errorf("the dump takes %d bytes, estimated as %d", cost, estimate)
			}
		})
	}
}
