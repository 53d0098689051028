// Fortests writes keys and captures for the tests of the plugin, which finds them there (src/keys.test.ts).
//
//	fortests keys               reads key.Event in a JSON array, prints their folders in one
//	fortests captures FOLDER    reads {Service, Instance, Version} in a JSON array, and makes a capture of each
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/key"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fortests:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "keys":
		var events []key.Event
		if err := json.NewDecoder(in).Decode(&events); err != nil {
			return err
		}
		folders := []string{}
		for _, e := range events {
			folders = append(folders, e.Folder())
		}
		return json.NewEncoder(out).Encode(folders)
	case len(args) == 2 && args[0] == "captures":
		var processes []struct{ Service, Instance, Version string }
		if err := json.NewDecoder(in).Decode(&processes); err != nil {
			return err
		}
		for _, p := range processes {
			if err := capture(autoprofiler.Config{
				Service:  p.Service,
				Instance: p.Instance,
				Version:  p.Version,
				Target:   autoprofiler.Folder(args[1]),
				Limit:    1 << 40,
				Interval: time.Hour,
			}); err != nil {
				return fmt.Errorf("%q: %w", p.Service, err)
			}
		}
		return nil
	}
	return errors.New("expected keys, or captures and a folder")
}

// capture returns when the capture is in the target.
func capture(config autoprofiler.Config) error {
	profiler, err := autoprofiler.Start(config)
	if err != nil {
		return err
	}
	defer profiler.Stop()
	_, err = profiler.Capture(context.Background(), "")
	return err
}
