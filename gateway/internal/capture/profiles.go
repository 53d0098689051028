package capture

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// profile is a file that net/http/pprof can be asked for.
type profile struct {
	name string // in requests
	file string // in the bucket
	path string // below pprof's index
	// begin is how the answer has to begin: a page of something else is no profile.
	begin string
	debug string
	// timed ones take the seconds that are asked for: they say what happened in them.
	timed bool
	// alone ones use what a process has once: a second one is refused by it.
	alone bool
	// cuttable ones can be read though their end is missing.
	cuttable bool
}

// gzipped is how a profile begins.
const gzipped = "\x1f\x8b"

// known are the profiles in the order in which they are read: the heap first, as the process may be dying.
var known = []profile{
	{name: "heap", file: "heap.pb.gz", path: "heap", begin: gzipped},
	{name: "goroutine", file: "goroutine.pb.gz", path: "goroutine", begin: gzipped},
	{name: "goroutine-text", file: "goroutine.txt.gz", path: "goroutine", begin: "goroutine ", debug: "2", cuttable: true},
	{name: "allocs", file: "allocs.pb.gz", path: "allocs", begin: gzipped},
	{name: "mutex", file: "mutex.pb.gz", path: "mutex", begin: gzipped},
	{name: "block", file: "block.pb.gz", path: "block", begin: gzipped},
	{name: "goroutineleak", file: "goroutineleak.pb.gz", path: "goroutineleak", begin: gzipped},
	{name: "cpu", file: "cpu.pb.gz", path: "profile", begin: gzipped, timed: true, alone: true},
	{name: "trace", file: "trace.out", path: "trace", begin: "go 1.", timed: true, alone: true, cuttable: true},
	{name: "allocs-delta", file: "allocs-delta.pb.gz", path: "allocs", begin: gzipped, timed: true},
	{name: "mutex-delta", file: "mutex-delta.pb.gz", path: "mutex", begin: gzipped, timed: true},
	{name: "block-delta", file: "block-delta.pb.gz", path: "block", begin: gzipped, timed: true},
}

// Profiles are the names of profiles that can be asked for.
func Profiles() []string {
	names := make([]string, len(known))
	for i, p := range known {
		names[i] = p.name
	}
	return names
}

// profilesOf are the profiles of names, in the order in which they are read.
func profilesOf(names []string) ([]profile, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	var found []profile
	for _, p := range known {
		if wanted[p.name] {
			found = append(found, p)
			delete(wanted, p.name)
		}
	}
	if len(wanted) > 0 {
		return nil, fmt.Errorf("expected profiles among %s, got %q", strings.Join(Profiles(), ", "), slices.Sorted(maps.Keys(wanted))[0])
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("expected at least one profile among %s, got none", strings.Join(Profiles(), ", "))
	}
	return found, nil
}

// query asks for the profile over so many seconds.
func (p profile) query(seconds int) url.Values {
	q := url.Values{}
	if p.debug != "" {
		q.Set("debug", p.debug)
	}
	if p.timed {
		q.Set("seconds", strconv.Itoa(seconds))
	}
	return q
}

func anyTimed(profiles []profile) bool {
	return slices.ContainsFunc(profiles, func(p profile) bool { return p.timed })
}
