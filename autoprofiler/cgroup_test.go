package autoprofiler_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// memoryCgroup is a memory cgroup for one process. The kernel enforces its limit with SIGKILL.
type memoryCgroup struct {
	dir  string
	isV1 bool
}

// newMemoryCgroup makes one that is removed when the test ends; without a limit if that is 0. It skips the test where none
// can be made.
func newMemoryCgroup(t *testing.T, limit uint64) memoryCgroup {
	t.Helper()
	mount := "/sys/fs/cgroup/memory"
	_, err := os.Stat(mount)
	isV1 := err == nil
	if !isV1 {
		mount = "/sys/fs/cgroup"
	}
	dir, err := os.MkdirTemp(mount, "autoprofiler-test-")
	if err != nil {
		t.Skipf("no memory cgroup can be made: %v", err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	c := memoryCgroup{dir, isV1}
	if limit > 0 {
		if err := os.WriteFile(c.file("memory.limit_in_bytes", "memory.max"), []byte(strconv.FormatUint(limit, 10)), 0o644); err != nil {
			t.Skipf("no memory cgroup can be limited: %v", err)
		}
		os.WriteFile(filepath.Join(dir, "memory.swap.max"), []byte("0"), 0o644) // version 2; where there is swap
	}
	return c
}

// file is the path of what the two versions of cgroups call by these names.
func (c memoryCgroup) file(v1, v2 string) string {
	if c.isV1 {
		return filepath.Join(c.dir, v1)
	}
	return filepath.Join(c.dir, v2)
}
