package ladder

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

var config = Config{
	Rungs:      []float64{0.70, 0.80, 0.90, 0.95},
	Growth:     0.10,
	Cooldown:   time.Minute,
	MaxPerHour: 20,
	Horizon:    time.Second,
}

const limit = 1000

var start = time.Date(2026, 11, 3, 14, 0, 0, 0, time.UTC)

// climb gives a ladder looks written "SECOND:HEAP" or "SECOND:HEAP/CGROUP", in percent of the limit, and returns its
// decisions as "SECOND:REASON", with the rung and, where there are two, the signal.
func climb(t *testing.T, config Config, looks string) string {
	t.Helper()
	l := New(config)
	var decisions []string
	for _, look := range strings.Fields(looks) {
		second, values, _ := strings.Cut(look, ":")
		heap, cgroup, both := strings.Cut(values, "/")
		readings := []Reading{{"heap", percent(t, heap)}}
		if both {
			readings = append(readings, Reading{"cgroup", percent(t, cgroup)})
		}
		at := start.Add(time.Duration(number(t, second) * float64(time.Second)))
		d := l.Decide(at, limit, readings...)
		if d.Reason == None {
			continue
		}
		text := second + ":" + [...]string{"", "ratio", "forecast", "growth", "standby", "held"}[d.Reason]
		if d.Rung > 0 {
			text += fmt.Sprint(d.Rung * 100)
		}
		if both {
			text += d.Signal
		}
		decisions = append(decisions, text)
	}
	return strings.Join(decisions, " ")
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func percent(t *testing.T, text string) uint64 { return uint64(number(t, text) * limit / 100) }

func TestDecide(t *testing.T) {
	with := func(change func(*Config)) Config {
		c := config
		change(&c)
		return c
	}
	for _, test := range []struct {
		name   string
		config Config
		looks  string
		want   string
	}{
		{"a calm process", config,
			"0:30 60:32 120:31 180:33", ""},
		{"a slow ramp passes each rung once", config,
			"0:69 10:71 20:75 30:79 40:81 50:89 60:91 70:94 80:96 90:97", "10:ratio70 40:ratio80 60:ratio90 80:ratio95"},
		{"a fast ramp is not held back by the cooldown", config,
			"0:68 1:71 2:81 3:91", "1:ratio70 2:ratio80 3:ratio90"},
		{"a jump names the highest rung", config,
			"0:50 10:92 20:93", "10:ratio90"},
		{"a start above rungs is captured", config,
			"0:85", "0:ratio80"},
		{"a rung counts again after a fall of 5 % below it and the cooldown", config,
			"0:69 1:71 100:66 200:71 300:64 400:71", "1:ratio70 400:ratio70"},
		{"flapping around a rung is captured once a cooldown", config,
			"0:69 1:71 10:60 20:71 30:60 40:71 50:60 70:71", "1:ratio70 70:ratio70"},
		{"growth counts from the last capture", config,
			"0:20 60:29 70:31 130:40 140:42", "70:growth 140:growth"},
		{"growth waits for the cooldown and is not lost", config,
			"0:20 10:31 50:31 60:31", "60:growth"},
		{"a fall is no growth", config,
			"0:50 60:40 120:50 180:59", ""},
		{"after a quiet hour growth counts from the low", config,
			"0:50 1000:35 2000:46 3600:35 3700:46", "3700:growth"},
		{"a speed that reaches the limit before the next look", config,
			"0:20 1:30 2:66 3:67", "2:forecast"},
		{"one forecast a cooldown", config,
			"0:5 1:55 2:5 3:55 61:5 62:55", "1:forecast 62:forecast"},
		{"above the top rung nothing is left to forecast", config,
			"0:60 1:96 1.1:99", "1:ratio95"},
		{"no forecast just after a capture, of another signal say", config,
			"0:30/60 1:31/91 1.1:40/92 2.1:50/93", "1:ratio90cgroup"},
		{"a rung is stronger than a forecast", config,
			"0:50 1:75", "1:ratio70"},
		{"each signal has a ladder; the highest rung is named", config,
			"0:50/69 10:60/71 100:71/75 200:82/91", "10:ratio70cgroup 100:ratio70heap 200:ratio90cgroup"},
		{"a second signal soon after is the same evidence", config,
			"0:65/68 10:67/71 20:71/75 90:72/76", "10:ratio70cgroup"},
		{"a page cache that fills the cgroup hides no heap", config,
			"0:20/96 60:20/97 3000:45/97 3100:71/97", "0:ratio95cgroup 3000:growthheap 3100:ratio70heap"},
		{"the hour's captures are used up: said once, captured when there is room",
			with(func(c *Config) { c.MaxPerHour = 2 }),
			"0:69 1:71 2:81 3:91 4:92 5:96 6:97 3599:97 3601:97", "1:ratio70 2:ratio80 3:held90 5:held95 3601:ratio95"},
		{"growth leaves room for the ladder",
			with(func(c *Config) { c.MaxPerHour = 5; c.Cooldown = time.Second }),
			"0:10 60:21 120:32 180:43 240:71 300:81 360:91 420:96", "60:growth 240:ratio70 300:ratio80 360:ratio90 420:ratio95"},
		{"a rung that is captured again and again grows dearer",
			with(func(c *Config) { c.Rungs = []float64{0.70} }),
			"0:69 1:71 30:60 62:71 100:60 130:71 250:60 310:71 400:60 1000:71 1100:60 1280:71", "1:ratio70 62:ratio70 310:ratio70 1280:ratio70"},
		{"what comes nearer to the limit than all of the hour is captured, though a rung was just passed",
			config, "0:80 10:91 20:94 30:96 31:97.9 32:98 36:98 37:98.5 42:99", "0:ratio80 10:ratio90 30:ratio95 36:ratio95 42:ratio95"},
		{"an hour later the old peak no longer counts", config,
			"0:96 1:60 3599:94 3610:97.9", "0:ratio95 3599:ratio90 3610:ratio95"},
		{"a standby: above the top rung, or near the limit and rising, every 10 s or on a higher rung, and not beside a capture",
			with(func(c *Config) { c.Standby = true }),
			"0:96 9:96 10:96 19:96 20:96 21:80 40:86 41:86.2 42:87 43:89 44:91 45:93 46:96", "0:ratio95 10:standby95 20:standby95 42:standby80 44:standby90 46:standby95"},
		{"a standby leaves the hour's captures to others",
			with(func(c *Config) { c.Standby = true; c.MaxPerHour = 1; c.Rungs = []float64{0.9} }),
			"0:96 10:97 20:97 3600:85 3601:97", "0:ratio90 10:standby90 20:standby90 3601:ratio90"},
		{"growth turned off", with(func(c *Config) { c.Growth = 1 }),
			"0:10 60:65 120:69", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := climb(t, test.config, test.looks); got != test.want {
				t.Errorf("\nlooks %s\ngot   %s\nwant  %s", test.looks, got, test.want)
			}
		})
	}
}

func TestNoLimitDecidesNothing(t *testing.T) {
	if d := New(config).Decide(start, 0, Reading{"heap", 1 << 40}); d.Reason != None {
		t.Errorf("got %+v", d)
	}
}

func TestALimitThatChangesMovesTheRungs(t *testing.T) {
	l := New(config)
	heap := Reading{"heap", 750}
	if d := l.Decide(start, 1000, heap); d.Reason != Ratio || d.Rung != 0.70 {
		t.Errorf("750 of 1000: got %+v", d)
	}
	if d := l.Decide(start.Add(time.Hour), 2000, heap); d.Reason != None {
		t.Errorf("750 of 2000: got %+v", d)
	}
	if d := l.Decide(start.Add(2*time.Hour), 800, heap); d.Reason != Ratio || d.Rung != 0.90 {
		t.Errorf("750 of 800: got %+v", d)
	}
}

func TestCapturesOfOtherKindsCountForGrowth(t *testing.T) {
	l := New(config)
	l.Decide(start, limit, Reading{"heap", 200})
	l.Captured(start.Add(time.Minute), limit, Reading{"heap", 290})
	if d := l.Decide(start.Add(3*time.Minute), limit, Reading{"heap", 380}); d.Reason != None {
		t.Errorf("9 %% after the last capture: got %+v", d)
	}
	if d := l.Decide(start.Add(4*time.Minute), limit, Reading{"heap", 390}); d.Reason != Growth {
		t.Errorf("10 %% after the last capture: got %+v", d)
	}
}

func TestPace(t *testing.T) {
	for _, test := range []struct {
		name         string
		first, later uint64 // two looks, a second apart
		want         time.Duration
	}{
		{"falling", 500, 400, time.Second},
		{"level", 500, 500, time.Second},
		{"slow: 100 s to the limit", 499, 504, time.Second},
		{"2 s to the limit", 500, 666, 502 * time.Millisecond},
		{"at the limit", 900, 1000, 10 * time.Millisecond},
		{"beyond it", 900, 1100, 10 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := New(config)
			l.Decide(start, limit, Reading{"heap", test.first})
			l.Decide(start.Add(time.Second), limit, Reading{"heap", test.later})
			if got := l.Pace(time.Second).Round(time.Millisecond); got < test.want-time.Millisecond || got > test.want+time.Millisecond {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// Whatever memory does: never more captures than the hour may have, and every ramp from below leaves one near the top.
func TestLaws(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	l := New(config)
	var captures []time.Time
	now, value := start, 300.0
	for range 50_000 {
		now = now.Add(time.Duration(random.IntN(3000)) * time.Millisecond)
		value = min(max(value+random.NormFloat64()*40, 50), limit)
		if d := l.Decide(now, limit, Reading{"heap", uint64(value)}); d.Reason != None && d.Reason != Held {
			captures = append(captures, now)
		}
	}
	for i := range captures {
		if i >= config.MaxPerHour && captures[i].Sub(captures[i-config.MaxPerHour]) < time.Hour {
			t.Fatalf("%d captures within %v", config.MaxPerHour+1, captures[i].Sub(captures[i-config.MaxPerHour]))
		}
	}
	if len(captures) < config.MaxPerHour {
		t.Errorf("only %d captures of a process at its limit for hours", len(captures))
	}
	for range 1000 {
		l := New(config)
		top := 0.0
		now := start
		for value := 100.0; value < limit; value += random.Float64() * 60 {
			now = now.Add(100 * time.Millisecond)
			if d := l.Decide(now, limit, Reading{"heap", uint64(value)}); d.Reason != None {
				top = value
			}
		}
		if top < 0.90*limit {
			t.Fatalf("the last capture of a ramp was at %.0f of %d", top, limit)
		}
	}
}
