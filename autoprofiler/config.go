package autoprofiler

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"runtime/trace"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/internal/ladder"
	"github.com/pproflens/pproflens/autoprofiler/key"
	"github.com/pproflens/pproflens/autoprofiler/spool"
)

// Config says what to watch, what to capture and where captures go. Service and Target are required; the zero value of
// every other field means its default.
type Config struct {
	// Service is the first part of every object key and a label in the plugin, "ingester" say.
	Service string
	// Target is where captures go: a Folder, an *HTTP, an *s3target.Bucket, or your own.
	Target Target
	// Instance tells the processes of a service apart. Default: the host name, which in Kubernetes is the pod's. In keys, one
	// that takes more than 96 bytes ends in a hash.
	Instance string
	// Version is that of the service. Default: the version of the main module, else its revision, else "unknown".
	// In keys, one that takes more than 64 bytes ends in a hash.
	Version string

	// Limit is the memory the process may use, in bytes. Default, read again at each look: the limit of the cgroup, v1 or
	// v2, where it is below the machine's memory; else GOMEMLIMIT; else the machine's memory, known on Linux.
	Limit uint64
	// Interval is the time between two looks at memory. While a signal nears the limit it shortens, down to a hundredth.
	// Default: 1 s.
	Interval time.Duration
	// Rungs are the shares of the limit at which to capture, ascending. Default: 0.70, 0.80, 0.90, 0.95.
	Rungs []float64
	// Growth is the share of the limit by which memory must have grown since the last capture, or since the start, for
	// another one. Default: 0.10. With 1, growth is never a reason.
	Growth float64
	// Cooldown is the time between two captures for growth, two for a forecast, and two for the same rung. Default: 1 min.
	Cooldown time.Duration
	// MaxPerHour bounds the captures of rungs, growth and forecasts in any hour. Default: 20.
	MaxPerHour int

	// Period is the time between captures that need no reason. Default: none are made.
	Period time.Duration
	// CPU is how long a capture profiles the CPU. Default: it does not.
	CPU time.Duration
	// FlightRecorder holds the last seconds of the execution trace, which a capture writes out. Start starts it unless it
	// runs. Default: no trace.
	FlightRecorder *trace.FlightRecorder
	// GoroutineText is the number of goroutines up to which a capture has their dump as text, with wait times and states,
	// beside the goroutine profile. Writing it stops the world. Default: 1,000; -1: never.
	GoroutineText int

	// SpoolDir is a folder in which captures wait for the target. They survive the process: the next one with the same
	// folder uploads them. Each process that runs needs its own: it would take over, and give up when its spool is full, what
	// another has waiting, and remove folders the other is about to write to. While it takes no files, they wait in memory,
	// which is said. Default: they wait in memory.
	SpoolDir string
	// SpoolBytes is what may wait for the target; the oldest captures are given up for newer ones. One file may have a
	// quarter of it. Default: 256 MiB in SpoolDir, 32 MiB in memory.
	SpoolBytes int64
	// SpoolAge is how long uploading a file is tried. Default: 24 h.
	SpoolAge time.Duration
	// UploadTimeout is when the context of one try to upload a file ends. Default: 30 s.
	UploadTimeout time.Duration
	// StopTimeout is how long Stop waits for captures to be uploaded. Default: 5 s.
	StopTimeout time.Duration

	// Logger is told of captures and failures, of the latter at most once a minute each. Default: slog.Default().
	Logger *slog.Logger
	// Observer is told of everything, for metrics. See package prommetrics. Default: none.
	Observer Observer
}

// memorySpool is what a spool in memory may take, unless Config.SpoolBytes says otherwise.
const memorySpool = 32 << 20

// withDefaults returns c with every field set but those that mean "none".
func (c Config) withDefaults() Config {
	c.Instance = cmp.Or(c.Instance, hostname())
	c.Version = cmp.Or(c.Version, buildVersion())
	c.Interval = cmp.Or(c.Interval, time.Second)
	if len(c.Rungs) == 0 {
		c.Rungs = []float64{0.70, 0.80, 0.90, 0.95}
	}
	c.Growth = cmp.Or(c.Growth, 0.10)
	c.Cooldown = cmp.Or(c.Cooldown, time.Minute)
	c.MaxPerHour = cmp.Or(c.MaxPerHour, 20)
	c.GoroutineText = cmp.Or(c.GoroutineText, 1000)
	if c.SpoolDir == "" {
		c.SpoolBytes = cmp.Or(c.SpoolBytes, memorySpool)
	}
	c.SpoolBytes = cmp.Or(c.SpoolBytes, 256<<20)
	c.SpoolAge = cmp.Or(c.SpoolAge, 24*time.Hour)
	c.UploadTimeout = cmp.Or(c.UploadTimeout, 30*time.Second)
	c.StopTimeout = cmp.Or(c.StopTimeout, 5*time.Second)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Observer == nil {
		c.Observer = noObserver{}
	}
	return c
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unknown"
	}
	return name
}

// buildVersion is what the Go command stamped into the binary.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			return setting.Value[:12]
		}
	}
	return "unknown"
}

// check returns everything that is wrong with a config whose defaults are set, with what to do about it.
func (c *Config) check() error {
	var errs []error
	refuse := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("autoprofiler: Config."+field+" "+format, args...))
	}
	if c.Service == "" {
		refuse("Service", `is empty: expected the name of the service, such as "ingester"`)
	}
	if n := len(key.Field(c.Service)); n > key.MaxService {
		refuse("Service", "takes %d bytes in an object key, where every byte but letters, digits, '.' and '-' takes three: "+
			"at most %d are allowed, shorten it", n, key.MaxService)
	}
	if c.Target == nil {
		refuse("Target", "is nil: expected where captures go, such as autoprofiler.Folder(%q) or an *s3target.Bucket", "/captures")
	}
	if target, ok := c.Target.(interface{ Check() error }); ok {
		if err := c.checkTarget(target.Check); err != nil {
			refuse("Target", "is not usable: %w", err)
		}
	}
	for _, d := range []struct {
		field string
		value time.Duration
		least time.Duration
	}{
		{"Interval", c.Interval, 10 * time.Millisecond},
		{"Cooldown", c.Cooldown, time.Millisecond},
		{"Period", c.Period, 0},
		{"CPU", c.CPU, 0},
		{"SpoolAge", c.SpoolAge, time.Millisecond},
		{"UploadTimeout", c.UploadTimeout, time.Millisecond},
		{"StopTimeout", c.StopTimeout, time.Millisecond},
	} {
		if d.value < d.least {
			refuse(d.field, "is %v: expected %v or more, or 0 for the default", d.value, d.least)
		}
	}
	if c.Period > 0 && c.Period < c.CPU {
		refuse("Period", "is %v: expected no less than the %v that Config.CPU profiles", c.Period, c.CPU)
	}
	last := 0.0
	for i, rung := range c.Rungs {
		if !(rung > last && rung <= 1) {
			refuse("Rungs", "has %v at index %d: expected shares of the limit above 0 and up to 1, in ascending order", rung, i)
			break
		}
		last = rung
	}
	if !(c.Growth > 0 && c.Growth <= 1) {
		refuse("Growth", "is %v: expected a share of the limit above 0 and up to 1, where 1 turns it off", c.Growth)
	}
	if c.MaxPerHour < len(c.Rungs) {
		refuse("MaxPerHour", "is %d: expected at least one capture for each of the %d rungs", c.MaxPerHour, len(c.Rungs))
	}
	if c.GoroutineText < -1 {
		refuse("GoroutineText", "is %d: expected a number of goroutines, or -1 for never", c.GoroutineText)
	}
	if c.SpoolBytes < 1<<20 {
		refuse("SpoolBytes", "is %d: expected 1 MiB (1<<20) or more, or 0 for the default", c.SpoolBytes)
	}
	return errors.Join(errs...)
}

// checkTimeout is how long Start waits for the check of a target, and for Config.SpoolDir.
const checkTimeout = 2 * time.Second

// checkTarget returns the error of a target's check, if that comes in time. A mount that hangs must not hold up the
// service's start: it is said, and captures wait in the spool until it is back. A check that panics is an error.
func (c *Config) checkTarget(check func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v", r)
			}
		}()
		done <- check()
	}()
	timer := time.NewTimer(checkTimeout)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		slog.New(carefulHandler{c.Logger.Handler(), func(error) {}}).Warn("autoprofiler: the target's check has not ended, "+
			"captures wait in the spool until the target takes them; look for a mount that hangs", "timeout", checkTimeout)
		return nil
	}
}

func (c *Config) newLadder() *ladder.Ladder {
	return ladder.New(ladder.Config{
		Rungs:      c.Rungs,
		Growth:     c.Growth,
		Cooldown:   c.Cooldown,
		MaxPerHour: c.MaxPerHour,
		Horizon:    c.Interval,
		Standby:    c.SpoolDir != "",
	})
}

func (c *Config) newSpool(dropped func(spool.File, error), trouble func(error)) (*spool.Spool, error) {
	memory := min(c.SpoolBytes, memorySpool)
	options := spool.Options{
		MaxBytes: c.SpoolBytes, MaxFile: c.SpoolBytes / 4, MaxAge: c.SpoolAge, Dropped: dropped,
		MemoryBytes: memory, MemoryFile: memory / 4, Trouble: trouble,
	}
	if c.SpoolDir == "" {
		return spool.Memory(options), nil
	}
	s, err := spool.Disk(c.SpoolDir, checkTimeout, options)
	if err != nil {
		return nil, fmt.Errorf("autoprofiler: Config.SpoolDir is not usable: expected a folder, or a path where one can be made: %w", err)
	}
	return s, nil
}
