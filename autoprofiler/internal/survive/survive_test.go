//go:build linux && !race

// The race detector takes memory of its own, for each goroutine too.

package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/internal/victim"
)

// The victims are processes of this binary.
func TestMain(m *testing.M) {
	if name := os.Getenv(envRow); name != "" {
		die(name)
		return
	}
	os.Exit(m.Run())
}

func needCgroup(t *testing.T) {
	t.Helper()
	if _, err := probe(); err != nil {
		t.Skip(err)
	}
}

// The rows of the table that take a second or some, each once: those of which nothing is lost.
func TestTheLastCaptureSurvives(t *testing.T) {
	needCgroup(t)
	for _, d := range deaths {
		if d.atOnce > 1 || d.direct {
			continue // Minutes; and what memory loses now and then.
		}
		t.Run(d.name, func(t *testing.T) {
			var left trace
			for range 2 { // A machine with too much to do can lose one in hundreds.
				traces, err := d.times(t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				t.Log(d.row(traces))
				if left = traces[0]; left.highest > high {
					return
				}
			}
			t.Errorf("no whole heap profile above %.0f %% is left: %+v", 100*high, left)
		})
	}
}

// A process with many deep goroutines that lives below its limit also lives there with captures.
func TestACaptureOfManyGoroutinesDoesNotEndTheProcess(t *testing.T) {
	needCgroup(t)
	l := lives()[len(lives())-3]
	peak, err := l.peak(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.times(t.Context(), peak/90*100, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, %d MiB without captures: %v", l.name, peak>>20, c)
	if c.killed > 0 || c.captures == 0 {
		t.Errorf("%v: expected a capture and no death", c)
	}
}

// That what is not whole counts for nothing: the table would say that all survives.
func TestOnlyWholeHeapProfilesCount(t *testing.T) {
	needCgroup(t)
	b, err := newBucket()
	if err != nil {
		t.Fatal(err)
	}
	defer b.server.Close()
	const key = "victim/2026/11/03/14/20261103T142233.456Z_k3v9q2xd_heap-ratio_90-100_i_v/heap.pb.gz"
	for _, content := range []string{"", "heap", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x00"} {
		b.objects[key] = []byte(content)
		if heaps, err := b.heaps(); len(heaps) > 0 || err != nil {
			t.Errorf("%q: got %+v, %v", content, heaps, err)
		}
	}
	h, err := parseKey(key)
	if err != nil || h.share != 0.9 {
		t.Errorf("got %+v, %v", h, err)
	}
	late := death{name: "late", within: 30 * time.Second}
	if got := late.traceOf([]heap{h}, h.at.Add(31*time.Second)); got.count > 0 || !strings.Contains(late.row([]trace{got}), "0 of 1 | 0 of 1 | none") {
		t.Errorf("an old capture counts: %s", late.row([]trace{got}))
	}
	h.share = high
	if row := late.row([]trace{late.traceOf([]heap{h}, h.at)}); !strings.Contains(row, "0 of 1 | 0 of 1 | 80, 80 %") {
		t.Errorf("a capture at 80 %% is above it: %s", row)
	}
	if _, err := parseKey("victim/notes.txt"); err == nil {
		t.Error("a name that is no key is read")
	}
}

// A process that is not killed is no row of the table.
func TestALimitThatDoesNotKillIsAnError(t *testing.T) {
	needCgroup(t)
	alive := death{name: "burst, 30 → 120 %", limit: 1 << 30}
	if _, err := alive.once(t.Context()); err == nil {
		t.Error("expected an error")
	}
	c, err := victim.NewCgroup(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Remove()
	if kills, err := c.Kills(); err != nil || kills != 0 {
		t.Errorf("%d kills, %v", kills, err)
	}
}
