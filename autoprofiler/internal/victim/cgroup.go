//go:build linux

package victim

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const mount = "/sys/fs/cgroup"

// Cgroup is a memory cgroup for one process, which the kernel kills when it takes more. Use NewCgroup.
type Cgroup struct {
	Dir  string
	isV1 bool
}

// NewCgroup makes one with a limit in bytes, or without one if that is 0.
func NewCgroup(limit uint64) (Cgroup, error) {
	c, err := makeCgroup()
	if err != nil {
		return c, fmt.Errorf("no memory cgroup can be made: %w; run this as root, in a privileged container, "+
			"or with systemd: systemd-run --user --scope -p Delegate=yes COMMAND", err)
	}
	if limit > 0 {
		if err := os.WriteFile(c.file("memory.limit_in_bytes", "memory.max"), strconv.AppendUint(nil, limit, 10), 0o644); err != nil {
			return c, errors.Join(fmt.Errorf("the memory cgroup takes no limit: %w", err), c.Remove())
		}
		os.WriteFile(filepath.Join(c.Dir, "memory.swap.max"), []byte("0"), 0o644) // Version 2, where there is swap.
	}
	return c, nil
}

func makeCgroup() (Cgroup, error) {
	v1 := filepath.Join(mount, "memory")
	if _, err := os.Stat(filepath.Join(v1, "memory.limit_in_bytes")); err == nil {
		dir, err := os.MkdirTemp(v1, "autoprofiler-")
		return Cgroup{dir, true}, err
	}
	if _, err := os.Stat(filepath.Join(mount, "cgroup.controllers")); err != nil {
		return Cgroup{}, fmt.Errorf("cgroups are not at %s: %w", mount, err)
	}
	var errs []error
	for _, parent := range slices.Compact([]string{mount, ownCgroup2()}) {
		err := allowMemory(parent)
		if err == nil {
			var dir string
			if dir, err = os.MkdirTemp(parent, "autoprofiler-"); err == nil {
				return Cgroup{dir, false}, nil
			}
		}
		errs = append(errs, err)
	}
	return Cgroup{}, errors.Join(errs...)
}

// ownCgroup2 is the cgroup of this process in version 2.
func ownCgroup2() string {
	text, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return filepath.Join(mount, path)
		}
	}
	return mount
}

// allowMemory lets the cgroups below a parent of version 2 have limits of memory. Only a cgroup without processes can, but
// for the root of all: those of a container or a scope move to a cgroup below.
func allowMemory(parent string) error {
	control := filepath.Join(parent, "cgroup.subtree_control")
	text, err := os.ReadFile(control)
	if err != nil || slices.Contains(strings.Fields(string(text)), "memory") {
		return err
	}
	allow := func() error { return os.WriteFile(control, []byte("+memory"), 0o644) }
	if err = allow(); !errors.Is(err, syscall.EBUSY) {
		return err
	}
	leaf := filepath.Join(parent, "autoprofiler-others")
	if err := os.MkdirAll(leaf, 0o755); err != nil {
		return err
	}
	processes, err := os.ReadFile(filepath.Join(parent, "cgroup.procs"))
	if err != nil {
		return err
	}
	for _, id := range strings.Fields(string(processes)) {
		// One that has ended meanwhile cannot be moved; what stays is in the error of allow.
		os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte(id), 0o644)
	}
	return allow()
}

// EnterCgroup moves this process into one.
func EnterCgroup(dir string) error {
	return os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0o644)
}

// Version is 1 or 2.
func (c Cgroup) Version() int {
	if c.isV1 {
		return 1
	}
	return 2
}

// file is the path of what the two versions call by these names.
func (c Cgroup) file(v1, v2 string) string {
	if c.isV1 {
		return filepath.Join(c.Dir, v1)
	}
	return filepath.Join(c.Dir, v2)
}

// Kills is how many processes the kernel has killed for memory.
func (c Cgroup) Kills() (int, error) {
	name := c.file("memory.oom_control", "memory.events")
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(line, "oom_kill "); ok {
			return strconv.Atoi(strings.TrimSpace(number))
		}
	}
	return 0, fmt.Errorf("%s has no oom_kill: Linux 4.13 or newer is needed", name)
}

// Peak is the most memory that was in use, in bytes.
func (c Cgroup) Peak() (uint64, error) {
	text, err := os.ReadFile(c.file("memory.max_usage_in_bytes", "memory.peak"))
	if err != nil {
		return 0, fmt.Errorf("the kernel does not say the peak, Linux 5.19 or newer does: %w", err)
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}

// Remove removes it; its process must have ended.
func (c Cgroup) Remove() error { return os.Remove(c.Dir) }
