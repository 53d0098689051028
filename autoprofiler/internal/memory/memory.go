// Package memory reads how much memory the process holds and how much it may hold. A look costs a few system calls and
// no allocation: it must work when memory is nearly gone.
package memory

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime/metrics"
)

// Source is where a limit comes from.
type Source string

// Sources, in the order in which they count.
const (
	SourceConfig     Source = "config"
	SourceCgroup1    Source = "cgroup v1"
	SourceCgroup2    Source = "cgroup v2"
	SourceGOMEMLIMIT Source = "GOMEMLIMIT"
	SourceMachine    Source = "machine"
)

// Usage is one look, in bytes.
type Usage struct {
	Heap       uint64 // what the Go runtime holds: mapped and not released; GOMEMLIMIT counts the same
	WorkingSet uint64 // of the cgroup that Limit is of, else 0
	RSS        uint64 // of the process where Limit is not of a cgroup, else 0
	Limit      uint64 // 0 where none is known
	Source     Source
}

// Reader reads memory again and again. Use New. It is not safe for concurrent use.
type Reader struct {
	limit   uint64 // given, else 0
	machine uint64
	cgroup  *cgroup // nil without a memory controller
	statm   *file
	status  string
	samples []metrics.Sample
}

const (
	total = iota
	released
	memoryLimit
)

// New returns a reader of the files below root, "/" outside of tests. A limit other than 0 is taken as it is.
func New(root string, limit uint64) *Reader {
	proc := filepath.Join(root, "proc")
	return &Reader{
		limit:   limit,
		machine: machineMemory(filepath.Join(proc, "meminfo")),
		cgroup:  findCgroup(root),
		statm:   newFile(filepath.Join(proc, "self/statm")),
		status:  filepath.Join(proc, "self/status"),
		samples: []metrics.Sample{
			total:       {Name: "/memory/classes/total:bytes"},
			released:    {Name: "/memory/classes/heap/released:bytes"},
			memoryLimit: {Name: "/gc/gomemlimit:bytes"},
		},
	}
}

// Close closes the files.
func (r *Reader) Close() {
	r.statm.close()
	if r.cgroup != nil {
		r.cgroup.close()
	}
}

// Read takes a look. With an error the other numbers still hold: a cgroup that cannot be read leaves the heap watched.
func (r *Reader) Read() (Usage, error) {
	metrics.Read(r.samples)
	u := Usage{Heap: r.samples[total].Value.Uint64() - r.samples[released].Value.Uint64()}
	group, limit, err := r.cgroup.limit()
	isCgroup := false
	u.Limit, u.Source, isCgroup = r.choose(limit)
	if isCgroup {
		current, inactiveFile, usageErr := r.cgroup.usage(group)
		u.WorkingSet = workingSet(current, inactiveFile)
		return u, errors.Join(err, usageErr)
	}
	u.RSS = r.rss()
	return u, err
}

// Heap is Usage.Heap alone, which takes a tenth of the time.
func (r *Reader) Heap() uint64 {
	metrics.Read(r.samples)
	return r.samples[total].Value.Uint64() - r.samples[released].Value.Uint64()
}

// choose picks what the process dies of: the cgroup's limit if it is below the machine's memory. GOMEMLIMIT comes after
// it, since a process with GOGC=off lives at its GOMEMLIMIT.
func (r *Reader) choose(cgroupLimit uint64) (limit uint64, source Source, isCgroup bool) {
	switch soft := r.samples[memoryLimit].Value.Uint64(); {
	case r.limit > 0:
		return r.limit, SourceConfig, false
	case cgroupLimit > 0 && (r.machine == 0 || cgroupLimit < r.machine):
		return cgroupLimit, r.cgroup.source, true
	case soft < math.MaxInt64:
		return soft, SourceGOMEMLIMIT, false
	case r.machine > 0:
		return r.machine, SourceMachine, false
	}
	return 0, "", false
}

// rss is 0 where the system does not say.
func (r *Reader) rss() uint64 {
	text, err := r.statm.read()
	if err != nil {
		return 0
	}
	_, rest := cutField(text)
	pages, _ := cutField(rest)
	return parseUint(pages) * uint64(os.Getpagesize())
}

// machineMemory is 0 where the system does not say.
func machineMemory(meminfo string) uint64 {
	text, err := os.ReadFile(meminfo)
	if err != nil {
		return 0
	}
	return kilobytes(text, "MemTotal:")
}

// Process is what the kernel counts for the process, in bytes. All are 0 where it does not say.
type Process struct {
	RSS, Peak, Anon, File, Shmem, Swap uint64
}

// Process reads /proc/self/status. It allocates: it is for captures, not for looks.
func (r *Reader) Process() Process {
	text, err := os.ReadFile(r.status)
	if err != nil {
		return Process{}
	}
	return Process{
		RSS:   kilobytes(text, "VmRSS:"),
		Peak:  kilobytes(text, "VmHWM:"),
		Anon:  kilobytes(text, "RssAnon:"),
		File:  kilobytes(text, "RssFile:"),
		Shmem: kilobytes(text, "RssShmem:"),
		Swap:  kilobytes(text, "VmSwap:"),
	}
}

// kilobytes returns the value in bytes of a line such as "VmRSS:     1708 kB".
func kilobytes(text []byte, name string) uint64 {
	value, _ := find(text, name)
	return value * 1024
}
