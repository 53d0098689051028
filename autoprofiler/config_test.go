package autoprofiler

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCheck(t *testing.T) {
	aFile := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(aFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   []string // parts of the error; none: the config is right
	}{
		{"the least", func(*Config) {}, nil},
		{"a service without a name", func(c *Config) { c.Service = "" },
			[]string{`Config.Service is empty: expected the name of the service, such as "ingester"`}},
		{"a long name", func(c *Config) { c.Service = strings.Repeat("_", 67) },
			[]string{"Config.Service takes 201 bytes", "at most 200"}},
		{"an instance and a version that are shortened", func(c *Config) {
			c.Instance, c.Version = strings.Repeat("_", 67), strings.Repeat("ü", 500)
		}, nil},
		{"no target", func(c *Config) { c.Target = nil }, []string{"Config.Target is nil"}},
		{"a folder without a path", func(c *Config) { c.Target = Folder("") },
			[]string{"Config.Target is not usable: the folder's path is empty"}},
		{"a folder that is a file", func(c *Config) { c.Target = Folder(aFile) }, []string{"Config.Target is not usable: mkdir"}},
		{"an address that is none", func(c *Config) { c.Target = &HTTP{URL: "captures.example.org"} },
			[]string{"Config.Target is not usable: HTTP.URL is not an address"}},
		{"an interval too short", func(c *Config) { c.Interval = time.Millisecond },
			[]string{"Config.Interval is 1ms: expected 10ms or more, or 0 for the default"}},
		{"a negative time", func(c *Config) { c.CPU = -time.Second }, []string{"Config.CPU is -1s"}},
		{"a period within the CPU profile", func(c *Config) { c.Period, c.CPU = time.Second, time.Minute },
			[]string{"Config.Period is 1s: expected no less than the 1m0s that Config.CPU profiles"}},
		{"rungs in percent", func(c *Config) { c.Rungs = []float64{70, 80} },
			[]string{"Config.Rungs has 70 at index 0: expected shares of the limit above 0 and up to 1"}},
		{"rungs out of order", func(c *Config) { c.Rungs = []float64{0.7, 0.7} }, []string{"Config.Rungs has 0.7 at index 1"}},
		{"a rung that is no number", func(c *Config) { c.Rungs = []float64{math.NaN()} }, []string{"Config.Rungs has NaN"}},
		{"growth in percent", func(c *Config) { c.Growth = 10 }, []string{"Config.Growth is 10"}},
		{"fewer captures than rungs", func(c *Config) { c.MaxPerHour = 3 },
			[]string{"Config.MaxPerHour is 3: expected at least one capture for each of the 4 rungs"}},
		{"a spool too small", func(c *Config) { c.SpoolBytes = 64 }, []string{"Config.SpoolBytes is 64"}},
		{"goroutines below never", func(c *Config) { c.GoroutineText = -2 }, []string{"Config.GoroutineText is -2"}},
		{"everything at once", func(c *Config) { *c = Config{Growth: -1} },
			[]string{"Config.Service", "Config.Target", "Config.Growth"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := Config{Service: "ingester", Target: Folder(t.TempDir())}
			test.change(&config)
			config = config.withDefaults()
			err := config.check()
			if (err == nil) != (test.want == nil) {
				t.Fatalf("got %v", err)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got  %v\nwant %s", err, part)
				}
			}
		})
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	if p, err := Start(Config{}); err == nil || p != nil {
		t.Errorf("got %v, %v", p, err)
	}
	m := newMemory(100)
	m.usage.Limit = 0
	_, err := start(Config{Service: "s", Target: Folder(t.TempDir()), Logger: quiet}, m)
	if err == nil || !strings.Contains(err.Error(), "the memory limit is not known") || !strings.Contains(err.Error(), "set Config.Limit") {
		t.Errorf("got %v", err)
	}
	blocked := filepath.Join(t.TempDir(), "file")
	os.WriteFile(blocked, nil, 0o600)
	_, err = start(Config{Service: "s", Target: Folder(t.TempDir()), Logger: quiet, SpoolDir: blocked}, newMemory(100))
	if err == nil || !strings.Contains(err.Error(), "Config.SpoolDir is not usable") {
		t.Errorf("got %v", err)
	}
}

func TestDefaultsNameTheProcess(t *testing.T) {
	c := Config{}.withDefaults()
	if c.Instance == "" || c.Version == "" {
		t.Errorf("got instance %q, version %q", c.Instance, c.Version)
	}
	if c.SpoolBytes != 32<<20 {
		t.Errorf("a spool in memory may have %d bytes", c.SpoolBytes)
	}
	if c := (Config{SpoolDir: "x"}).withDefaults(); c.SpoolBytes != 256<<20 {
		t.Errorf("a spool on disk may have %d bytes", c.SpoolBytes)
	}
}

func TestThrottle(t *testing.T) {
	var throttle throttle
	now := time.Now()
	for i, want := range []struct {
		after  time.Duration
		unsaid int
		ok     bool
	}{{0, 0, true}, {time.Second, 0, false}, {59 * time.Second, 0, false}, {time.Minute, 2, true}, {time.Minute, 0, false}} {
		if unsaid, ok := throttle.allow("upload", now.Add(want.after)); unsaid != want.unsaid || ok != want.ok {
			t.Errorf("%d: got %d, %v", i, unsaid, ok)
		}
	}
	if _, ok := throttle.allow("heap", now); !ok {
		t.Error("one stage silences another")
	}
}

func TestErrorsAreKept(t *testing.T) {
	config := Config{Service: "s", Target: refusing{}}.withDefaults()
	if err := config.check(); !errors.Is(err, errRefused) {
		t.Errorf("got %v", err)
	}
}

var errRefused = errors.New("refused")

type refusing struct{ Folder }

func (refusing) Check() error { return errRefused }

// hangingTarget is a mount that hangs.
type hangingTarget struct {
	Target
	back chan struct{}
}

func (h hangingTarget) Check() error {
	<-h.back
	return errRefused
}

func TestATargetThatHangsDoesNotHoldUpTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := hangingTarget{newBucket(), make(chan struct{})}
		var said bytes.Buffer
		config := Config{Service: "ingester", Target: target, Logger: slog.New(slog.NewTextHandler(&said, nil))}.withDefaults()
		start := time.Now()
		if err := config.check(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != checkTimeout || !strings.Contains(said.String(), "a mount that hangs") {
			t.Errorf("it took %v and said %q", took, said.String())
		}
		close(target.back)
		synctest.Wait()
		if err := config.check(); !errors.Is(err, errRefused) {
			t.Errorf("got %v once the check ends", err)
		}
	})
}
