//go:build linux

// Survive measures on this machine what is left of a process that its memory has killed: it starts processes that take memory
// until the kernel ends them, in memory cgroups, and looks for their last heap profile. Others, with many goroutines, live just
// below the limit, and must not die of a capture. It prints Markdown.
//
//	go run ./internal/survive [-runs 20] [-only REGEX]
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"

	"github.com/pproflens/pproflens/autoprofiler/internal/victim"
)

func main() {
	if name := os.Getenv(envRow); name != "" {
		die(name)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "survive:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("survive", flag.ExitOnError)
	runs := flags.Int("runs", 20, "how often each process dies")
	only := flags.String("only", "", "a regular expression of the rows to run, such as 'burst|direct'; default: all")
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "usage: survive [-runs N] [-only REGEX]\n\n")
		flags.PrintDefaults()
		fmt.Fprintln(flags.Output(), "\nrows:")
		for _, row := range deaths {
			fmt.Fprintln(flags.Output(), "  ", row.name)
		}
		for _, row := range lives() {
			fmt.Fprintln(flags.Output(), "  ", row.name)
		}
	}
	flags.Parse(args)
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if *runs < 1 || flags.NArg() > 0 {
		return fmt.Errorf("expected -runs of 1 or more and no other arguments, got -runs %d %q", *runs, flags.Args())
	}
	version, err := probe()
	if err != nil {
		return err
	}
	fmt.Printf("Linux %s, cgroup v%d, %s, %d CPUs, %d runs each, PUT takes %v.\n", release(), version, runtime.Version(),
		runtime.NumCPU(), *runs, latency)
	if err = runDeaths(ctx, os.Stdout, pattern, *runs); err == nil {
		err = runLives(ctx, os.Stdout, pattern, *runs)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted; the rows above are complete")
	}
	return err
}

// probe returns the version of this machine's memory cgroups.
func probe() (version int, err error) {
	c, err := victim.NewCgroup(1 << 30)
	if err != nil {
		return 0, err
	}
	return c.Version(), c.Remove()
}

// release is the kernel's.
func release() string {
	var name syscall.Utsname
	if err := syscall.Uname(&name); err != nil {
		return "of unknown release"
	}
	var text []byte
	for _, c := range name.Release {
		text = append(text, byte(c))
	}
	text, _, _ = bytes.Cut(text, []byte{0})
	return string(text)
}
