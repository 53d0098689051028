// Package capture reads profiles of processes with net/http/pprof and puts them into the bucket, as the auto-profiler does: on
// demand, on an alert, or on a schedule.
package capture

import (
	"fmt"
	"regexp"
	"time"
)

// Config bounds captures and says which are made by themselves.
type Config struct {
	// Spool is the folder in which files wait for the bucket.
	Spool      string `yaml:"spool"`
	SpoolBytes int64  `yaml:"spool_bytes"`
	// MaxBytes is the largest file of a capture.
	MaxBytes   int64 `yaml:"max_bytes"`
	MaxSeconds int   `yaml:"max_seconds"`
	// Concurrent captures run, as many as Waiting wait for them, others are refused.
	Concurrent int `yaml:"concurrent"`
	Waiting    int `yaml:"waiting"`
	// Instances are what one request for all of a service may have.
	Instances int `yaml:"instances"`
	// Cooldown is between two captures on demand of one process.
	Cooldown time.Duration `yaml:"cooldown"`
	Alerts   Alerts        `yaml:"alerts"`
	Schedule Schedule      `yaml:"schedule"`
}

// Alerts says what an alert captures.
type Alerts struct {
	Profiles []string `yaml:"profiles"`
	Seconds  int      `yaml:"seconds"`
	// Cooldown is between two captures for the same alert.
	Cooldown time.Duration `yaml:"cooldown"`
	// Instances is how many of a service are captured for an alert that names none.
	Instances int `yaml:"instances"`
	// Match has a pattern for each label that must match as a whole.
	Match map[string]string `yaml:"match"`
}

// Schedule captures every process again and again.
type Schedule struct {
	Every    time.Duration `yaml:"every"` // 0: never
	Profiles []string      `yaml:"profiles"`
	Seconds  int           `yaml:"seconds"`
}

// Default is the configuration without a schedule.
func Default() Config {
	return Config{
		SpoolBytes: 1 << 30,
		MaxBytes:   128 << 20, // What the plugin opens.
		MaxSeconds: 60,
		Concurrent: 20,
		Waiting:    100,
		Instances:  20,
		Cooldown:   10 * time.Second,
		Alerts: Alerts{
			Profiles: []string{"heap", "goroutine", "cpu"}, Seconds: 10, Cooldown: 15 * time.Minute, Instances: 3,
		},
		Schedule: Schedule{Profiles: []string{"cpu"}, Seconds: 10},
	}
}

// maxSeconds is the longest that a process may be asked for.
const maxSeconds = 60

// Problems are what is wrong with a configuration.
func (c Config) Problems() []string {
	var problems []string
	add := func(format string, values ...any) {
		problems = append(problems, "captures."+fmt.Sprintf(format, values...))
	}
	if c.MaxSeconds < 1 || c.MaxSeconds > maxSeconds {
		add("max_seconds: expected 1 to %d, got %d", maxSeconds, c.MaxSeconds)
	}
	for name, n := range map[string]int64{
		"max_bytes": c.MaxBytes, "concurrent": int64(c.Concurrent), "instances": int64(c.Instances), "alerts.instances": int64(c.Alerts.Instances),
	} {
		if n < 1 {
			add("%s: expected at least 1, got %d", name, n)
		}
	}
	if c.SpoolBytes < c.MaxBytes {
		add("spool_bytes: expected at least max_bytes, %d, got %d", c.MaxBytes, c.SpoolBytes)
	}
	if c.Waiting < 0 || c.Cooldown < 0 || c.Alerts.Cooldown < 0 {
		add("waiting, cooldown, alerts.cooldown: expected no negative ones")
	}
	if c.Schedule.Every != 0 && c.Schedule.Every < time.Minute {
		add("schedule.every: expected at least 1m, or 0 for never, got %v", c.Schedule.Every)
	}
	c.checkProfiles("alerts", c.Alerts.Profiles, c.Alerts.Seconds, add)
	c.checkProfiles("schedule", c.Schedule.Profiles, c.Schedule.Seconds, add)
	for label, pattern := range c.Alerts.Match {
		if _, err := regexp.Compile(`^(?:` + pattern + `)$`); err != nil {
			add("alerts.match: the pattern of %s: %v", label, err)
		}
	}
	return problems
}

func (c Config) checkProfiles(what string, names []string, seconds int, add func(string, ...any)) {
	if _, err := profilesOf(names); err != nil {
		add("%s.profiles: %v", what, err)
	}
	if seconds < 1 || seconds > c.MaxSeconds {
		add("%s.seconds: expected 1 to %d, got %d", what, c.MaxSeconds, seconds)
	}
}
