//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/internal/victim"
)

const (
	mib = 1 << 20

	// high is the share of the limit above which a capture tells what the process died of, fresh the one above which it is at
	// most a tenth of the limit old.
	high, fresh = 0.80, 0.90
)

// death is a way to die, and a row of the table.
type death struct {
	name   string
	limit  uint64 // bytes, of the cgroup
	direct bool   // the spool is in memory: what counts was uploaded before the death
	away   bool   // the bucket is, until the process is dead
	soft   uint64 // GOMEMLIMIT; 0: off
	// atOnce is how many die side by side, where they wait rather than work.
	atOnce int
	// within is how old a capture may be; 0: any age.
	within time.Duration
	take   func()
}

var deaths = []death{
	{name: "1 MiB/s", limit: 256 * mib, atOnce: 20, take: func() { victim.Leak(1 * mib) }},
	{name: "200 MiB/s in 512 MiB", limit: 512 * mib, take: func() { victim.Leak(200 * mib) }},
	{name: "200 MiB/s in 256 MiB", limit: 256 * mib, take: func() { victim.Leak(200 * mib) }},
	{name: "200 MiB/s, bucket away", limit: 256 * mib, away: true, take: func() { victim.Leak(200 * mib) }},
	{name: "200 MiB/s, GOMEMLIMIT at 90 %", limit: 256 * mib, soft: 256 * mib / 10 * 9, take: func() { victim.Leak(200 * mib) }},
	{name: "200 MiB/s by mmap", limit: 256 * mib, take: func() { victim.LeakMapped(200 * mib) }},
	{name: "100 MiB/s of small objects", limit: 256 * mib, take: func() { victim.LeakSmall(100 * mib) }},
	{name: "100 MiB/s of goroutines", limit: 256 * mib, take: func() { victim.LeakGoroutines(100 * mib) }},
	{name: "1,000 MiB/s in 512 MiB", limit: 512 * mib, take: func() { victim.Leak(1000 * mib) }},
	{name: "1,000 MiB/s in 256 MiB", limit: 256 * mib, take: func() { victim.Leak(1000 * mib) }},
	{name: "burst, 30 → 120 %", limit: 256 * mib, take: func() { victim.Burst(256*mib, 0.30, 0.90) }},
	{name: "burst, 75 → 125 %", limit: 256 * mib, take: func() { victim.Burst(256*mib, 0.75, 0.50) }},
	{name: "flapping to 97 % for 390 s, then 2 %/s", limit: 256 * mib, atOnce: 20, within: 30 * time.Second, take: func() {
		victim.Flap(256*mib, 0.97, 20*time.Second, 390*time.Second)
	}},
	{name: "direct, 200 MiB/s in 256 MiB", limit: 256 * mib, direct: true, take: func() { victim.Leak(200 * mib) }},
	{name: "direct, 1 MiB/s", limit: 256 * mib, direct: true, atOnce: 20, take: func() { victim.Leak(1 * mib) }},
	{name: "direct, 1,000 MiB/s in 512 MiB", limit: 512 * mib, direct: true, take: func() { victim.Leak(1000 * mib) }},
	{name: "direct, burst, 75 → 125 %", limit: 256 * mib, direct: true, take: func() { victim.Burst(256*mib, 0.75, 0.50) }},
}

// What a victim is told.
const (
	envRow    = "SURVIVE_ROW"
	envCgroup = "SURVIVE_CGROUP"
	envBucket = "SURVIVE_BUCKET"
	envSpool  = "SURVIVE_SPOOL"
)

// die is the process that is killed.
func die(name string) {
	if err := victim.EnterCgroup(os.Getenv(envCgroup)); err != nil {
		fail(err)
	}
	if i := slices.IndexFunc(lives(), func(l life) bool { return l.name == name }); i >= 0 {
		lives()[i].live()
		return
	}
	i := slices.IndexFunc(deaths, func(d death) bool { return d.name == name })
	_, err := autoprofiler.Start(autoprofiler.Config{
		Service:  "victim",
		Target:   &autoprofiler.HTTP{URL: os.Getenv(envBucket)},
		SpoolDir: os.Getenv(envSpool),
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fail(err)
	}
	time.Sleep(300 * time.Millisecond)
	deaths[i].take()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "victim:", err)
	os.Exit(3)
}

// trace is what a death left, of the heap profiles that are whole and young enough.
type trace struct {
	count   int
	highest float64       // of the limit
	age     time.Duration // of the newest, at the death
}

// traceOf looks at what is in the bucket.
func (d death) traceOf(heaps []heap, died time.Time) (t trace) {
	for _, h := range heaps {
		age := died.Sub(h.at)
		if d.within > 0 && age > d.within {
			continue
		}
		if t.count == 0 || age < t.age {
			t.age = age
		}
		t.highest = max(t.highest, h.share)
		t.count++
	}
	return t
}

// once lets one process die, and the next one upload what it left.
func (d death) once(ctx context.Context) (t trace, err error) {
	b, err := newBucket()
	if err != nil {
		return t, err
	}
	defer b.server.Close()
	b.away.Store(d.away)
	env := []string{envBucket + "=" + b.url, "GOMEMLIMIT=off"}
	if d.soft > 0 {
		env[1] = fmt.Sprint("GOMEMLIMIT=", d.soft)
	}
	spool := ""
	if !d.direct {
		if spool, err = os.MkdirTemp("", "survive-spool-"); err != nil {
			return t, err
		}
		defer os.RemoveAll(spool)
		env = append(env, envSpool+"="+spool)
	}
	isKilled, _, err := start(ctx, d.name, d.limit, env)
	if err != nil {
		return t, err
	}
	died := time.Now()
	if !isKilled {
		return t, errors.New("the process has not died: its memory cgroup does not keep it below its limit")
	}
	b.away.Store(false)
	if !d.direct {
		if err := startNext(b.url, spool); err != nil {
			return t, err
		}
	}
	if err := b.settle(); err != nil {
		return t, err
	}
	heaps, err := b.heaps()
	return d.traceOf(heaps, died), err
}

// startNext is the process after the one that died: it uploads what is in the spool.
func startNext(url, spool string) error {
	p, err := autoprofiler.Start(autoprofiler.Config{
		Service:     "victim",
		Target:      &autoprofiler.HTTP{URL: url},
		SpoolDir:    spool,
		Limit:       1 << 50, // This process is not what is watched.
		Logger:      slog.New(slog.DiscardHandler),
		StopTimeout: time.Minute,
	})
	p.Stop()
	return err
}

// start starts this program as the victim of a row, in a memory cgroup of its own, and waits for its end.
func start(ctx context.Context, row string, limit uint64, env []string) (isKilled bool, peak uint64, err error) {
	cgroup, err := victim.NewCgroup(limit)
	if err != nil {
		return false, 0, err
	}
	defer func() { err = errors.Join(err, cgroup.Remove()) }()
	self, err := os.Executable()
	if err != nil {
		return false, 0, err
	}
	command := exec.CommandContext(ctx, self)
	command.Env = append(os.Environ(), append(env, envRow+"="+row, envCgroup+"="+cgroup.Dir)...)
	output, err := command.CombinedOutput()
	if ctx.Err() != nil {
		return false, 0, ctx.Err()
	}
	if command.ProcessState == nil {
		return false, 0, err
	}
	status := command.ProcessState.Sys().(syscall.WaitStatus)
	if err != nil && !(status.Signaled() && status.Signal() == syscall.SIGKILL) {
		return false, 0, fmt.Errorf("the process ended with %w, expected SIGKILL: %.2000s", err, output)
	}
	if err != nil {
		if kills, err := cgroup.Kills(); err != nil || kills != 1 {
			return false, 0, fmt.Errorf("the kernel counts %d kills for memory, expected 1: %w", kills, err)
		}
		return true, 0, nil
	}
	peak, err = cgroup.Peak()
	return false, peak, err
}

// runDeaths prints the table of those that die.
func runDeaths(ctx context.Context, out io.Writer, only *regexp.Regexp, runs int) error {
	header := "\n| Dies of | Durable | Above 90 % | Highest: median, least | Age of the newest: median, most |\n|-|-|-|-|-|\n"
	for _, d := range deaths {
		if !only.MatchString(d.name) {
			continue
		}
		traces, err := d.times(ctx, runs)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		fmt.Fprint(out, header, d.row(traces))
		header = ""
	}
	return nil
}

// times lets processes die so often.
func (d death) times(ctx context.Context, runs int) ([]trace, error) {
	traces, errs := make([]trace, runs), make([]error, runs)
	places := make(chan struct{}, max(1, d.atOnce))
	var wg sync.WaitGroup
	for i := range runs {
		places <- struct{}{}
		wg.Go(func() {
			traces[i], errs[i] = d.once(ctx)
			<-places
		})
	}
	wg.Wait()
	return traces, errors.Join(errs...)
}

// row is one of the table.
func (d death) row(traces []trace) string {
	durable, recent := 0, 0
	shares, ages := []float64{}, []float64{}
	for _, t := range traces {
		if t.highest > high {
			durable++
		}
		if t.highest > fresh {
			recent++
		}
		if t.count > 0 {
			shares = append(shares, 100*t.highest)
			ages = append(ages, t.age.Seconds())
		}
	}
	slices.Sort(shares)
	slices.Sort(ages)
	columns := []string{d.name, fmt.Sprintf("%d of %d", durable, len(traces)), fmt.Sprintf("%d of %d", recent, len(traces)), "none", ""}
	if len(shares) > 0 {
		columns[3] = fmt.Sprintf("%.0f, %.0f %%", shares[len(shares)/2], shares[0])
		columns[4] = fmt.Sprintf("%.1f, %.1f s", ages[len(ages)/2], ages[len(ages)-1])
	}
	runtime.GC() // Their buckets.
	return "| " + strings.Join(columns, " | ") + " |\n"
}
