//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/internal/victim"
)

// life is a process with many goroutines that lives below its limit, and must not be killed by what captures take.
type life struct {
	name              string
	goroutines, depth int
}

// shares are how near to the limit a life comes without a profiler.
var shares = []uint64{70, 80, 90}

func lives() (all []life) {
	for _, depth := range []int{14, 50, 100} {
		for _, goroutines := range []int{10_000, 30_000, 100_000} {
			all = append(all, life{fmt.Sprintf("lives with %d goroutines, %d calls deep", goroutines, depth), goroutines, depth})
		}
	}
	return all
}

const envFolder = "SURVIVE_FOLDER"

// live is the process.
func (l life) live() {
	if folder := os.Getenv(envFolder); folder != "" {
		_, err := autoprofiler.Start(autoprofiler.Config{
			Service:  "victim",
			Target:   autoprofiler.Folder(folder),
			Interval: 100 * time.Millisecond, // So that the table takes minutes.
			Logger:   slog.New(slog.DiscardHandler),
		})
		if err != nil {
			fail(err)
		}
	}
	victim.DeepGoroutines(l.goroutines, l.depth)
	time.Sleep(900 * time.Millisecond)
}

// cell counts what happened at one share of the limit.
type cell struct {
	runs, killed, captures, omitted int
}

func (c cell) String() string {
	return fmt.Sprintf("%d of %d killed, %d captures, %d files left out", c.killed, c.runs, c.captures, c.omitted)
}

// runLives prints the table of those that live.
func runLives(ctx context.Context, out io.Writer, only *regexp.Regexp, runs int) error {
	header := "\n| Lives with | Takes without captures | at 70 % | at 80 % | at 90 % |\n|-|-|-|-|-|\n"
	for _, l := range lives() {
		if !only.MatchString(l.name) {
			continue
		}
		peak, err := l.peak(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		fmt.Fprintf(out, "%s| %d goroutines, %d calls deep | %d MiB |", header, l.goroutines, l.depth, peak>>20)
		header = ""
		for _, share := range shares {
			c, err := l.times(ctx, peak/share*100, runs)
			if err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			fmt.Fprintf(out, " %v |", c)
		}
		fmt.Fprintln(out)
	}
	return nil
}

// peak is the memory that the process takes without a profiler.
func (l life) peak(ctx context.Context) (uint64, error) {
	isKilled, peak, err := start(ctx, l.name, 0, []string{"GOMEMLIMIT=off"})
	if err == nil && isKilled {
		return 0, fmt.Errorf("killed without a limit: this machine has too little memory for it")
	}
	return peak, err
}

// times lets it live so often below a limit.
func (l life) times(ctx context.Context, limit uint64, runs int) (c cell, err error) {
	for range runs {
		folder, err := os.MkdirTemp("", "survive-target-")
		if err != nil {
			return c, err
		}
		isKilled, _, err := start(ctx, l.name, limit, []string{"GOMEMLIMIT=off", envFolder + "=" + folder})
		if err == nil {
			err = c.count(folder)
		}
		os.RemoveAll(folder)
		if err != nil {
			return c, err
		}
		c.runs++
		if isKilled {
			c.killed++
		}
	}
	return c, nil
}

// count adds the captures in a folder.
func (c *cell) count(folder string) error {
	metas, err := filepath.Glob(filepath.Join(folder, "*/*/*/*/*/*/meta.json"))
	if err != nil {
		return err
	}
	for _, name := range metas {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var meta autoprofiler.Meta
		if err := json.Unmarshal(text, &meta); err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(name), "heap.pb.gz")); err != nil {
			return fmt.Errorf("a capture with meta.json has no heap profile: %w", err)
		}
		c.captures++
		c.omitted += len(meta.Omitted)
	}
	return nil
}
