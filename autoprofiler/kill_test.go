//go:build linux && !race

package autoprofiler_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
)

// A process with many deep goroutines that lives below its limit also lives there with captures. It runs once, at 90 %;
// AUTOPROFILER_KILL_RUNS=20 runs the whole table that often.
func TestACaptureOfManyGoroutinesDoesNotEndTheProcess(t *testing.T) {
	goroutines, depths, shares, runs := []int{10_000}, []int{100}, []int{90}, 1
	if n, err := strconv.Atoi(os.Getenv("AUTOPROFILER_KILL_RUNS")); err == nil {
		goroutines, depths, shares, runs = []int{10_000, 30_000, 100_000}, []int{14, 50, 100}, []int{70, 80, 90}, n
	}
	for _, n := range goroutines {
		for _, depth := range depths {
			var peak uint64
			for _, share := range shares {
				t.Run(fmt.Sprintf("%d goroutines, %d deep, at %d%%", n, depth, share), func(t *testing.T) {
					if peak == 0 {
						peak = runDeep(t, n, depth, 0, "").peak
					}
					limit := peak / uint64(share) * 100
					killed, captures, omitted, highest := 0, 0, 0, uint64(0)
					for range runs {
						target := t.TempDir()
						r := runDeep(t, n, depth, limit, target)
						if r.killed {
							killed++
						}
						highest = max(highest, r.peak)
						for key, content := range folderObjects(t, target) {
							if path.Base(key) != "meta.json" {
								continue
							}
							var meta autoprofiler.Meta
							if err := json.Unmarshal(content, &meta); err != nil {
								t.Fatal(err)
							}
							captures++
							omitted += len(meta.Omitted)
							if _, err := os.Stat(filepath.Join(target, path.Dir(key), "heap.pb.gz")); err != nil {
								t.Errorf("a capture with meta.json has no heap profile: %v", err)
							}
						}
					}
					t.Logf("%d of %d killed, %d captures, %d files omitted, %d MiB without a profiler, %d with one, limit %d",
						killed, runs, captures, omitted, peak>>20, highest>>20, limit>>20)
					if killed > 0 {
						t.Errorf("%d of %d were killed", killed, runs)
					}
					if captures < runs {
						t.Errorf("%d captures in %d runs", captures, runs)
					}
				})
			}
		}
	}
}

type deepResult struct {
	killed bool
	peak   uint64 // bytes of the cgroup
}

// runDeep runs a process in a memory cgroup of its own: without a limit if it is 0, without a profiler if target is "".
func runDeep(t *testing.T, n, depth int, limit uint64, target string) deepResult {
	t.Helper()
	cgroup := newMemoryCgroup(t, limit)
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDeepVictim$", "-test.timeout=60s")
	command.Env = append(os.Environ(), "GOMEMLIMIT=off", "AUTOPROFILER_KILL_VICTIM="+target, "AUTOPROFILER_KILL_CGROUP="+cgroup.dir,
		fmt.Sprint("AUTOPROFILER_KILL_N=", n), fmt.Sprint("AUTOPROFILER_KILL_DEPTH=", depth))
	output, err := command.CombinedOutput()
	status := command.ProcessState.Sys().(syscall.WaitStatus)
	killed := status.Signaled() && status.Signal() == syscall.SIGKILL
	if err != nil && !killed {
		t.Fatalf("%v\n%.4000s", err, output)
	}
	text, err := os.ReadFile(cgroup.file("memory.max_usage_in_bytes", "memory.peak"))
	if err != nil {
		t.Skipf("the kernel does not say the peak: %v", err)
	}
	peak, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return deepResult{killed, peak}
}

// TestDeepVictim is the process that may be killed. It runs only when runDeep starts it.
func TestDeepVictim(t *testing.T) {
	cgroup := os.Getenv("AUTOPROFILER_KILL_CGROUP")
	if cgroup == "" {
		t.Skip("runs in a process of its own")
	}
	if err := os.WriteFile(filepath.Join(cgroup, "cgroup.procs"), []byte("0"), 0o644); err != nil {
		t.Fatal(err)
	}
	number := func(name string) int {
		n, err := strconv.Atoi(os.Getenv(name))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	n, depth := number("AUTOPROFILER_KILL_N"), number("AUTOPROFILER_KILL_DEPTH")
	if target := os.Getenv("AUTOPROFILER_KILL_VICTIM"); target != "" {
		_, err := autoprofiler.Start(autoprofiler.Config{
			Service:  "victim",
			Target:   autoprofiler.Folder(target),
			Interval: 100 * time.Millisecond, // so that the table takes minutes
			Logger:   slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		go autoprofiler.Deep(depth, i)
		if i%1000 == 999 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	time.Sleep(900 * time.Millisecond)
}
