package memory

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

const meminfo = "MemTotal:       24117248 kB\nMemFree:         1048576 kB\n" // 23 GiB

// tree writes files below a folder that stands for "/".
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// The systems differ in how they name and mount things. Each case is a system, with what it shows in /proc and /sys.
var systems = []struct {
	name             string
	membership       string
	mounts           string
	files            map[string]string
	limit            uint64
	source           Source
	workingSet       uint64
	processFromStatm bool
}{
	{
		name:       "Kubernetes, cgroup v2 with a namespace",
		membership: "0::/\n",
		mounts:     "529 518 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n",
		files: map[string]string{
			"sys/fs/cgroup/memory.max":     "8589934592\n",
			"sys/fs/cgroup/memory.current": "6442450944\n",
			"sys/fs/cgroup/memory.stat":    "anon 5368709120\nfile 1073741824\nactive_file 536870912\ninactive_file 536870912\n",
		},
		limit: 8 * gib, source: SourceCgroup2, workingSet: 6*gib - 512*mib,
	},
	{
		name:       "systemd, cgroup v2: the limit is the slice's",
		membership: "0::/system.slice/app.slice/ingester.service\n",
		mounts: "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n" +
			"30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
		files: map[string]string{
			"sys/fs/cgroup/system.slice/app.slice/ingester.service/memory.max":     "max\n",
			"sys/fs/cgroup/system.slice/app.slice/ingester.service/memory.current": "104857600\n",
			"sys/fs/cgroup/system.slice/app.slice/ingester.service/memory.stat":    "inactive_file 1\n",
			"sys/fs/cgroup/system.slice/app.slice/memory.max":                      "2147483648\n",
			"sys/fs/cgroup/system.slice/app.slice/memory.current":                  "1073741824\n",
			"sys/fs/cgroup/system.slice/app.slice/memory.stat":                     "inactive_file 1048576\n",
			"sys/fs/cgroup/system.slice/memory.max":                                "4294967296\n",
			"sys/fs/cgroup/system.slice/memory.current":                            "3221225472\n",
			"sys/fs/cgroup/system.slice/memory.stat":                               "inactive_file 0\n",
		},
		limit: 2 * gib, source: SourceCgroup2, workingSet: gib - mib,
	},
	{
		name:       "Docker, cgroup v1, mounted as the container's folder under the host's name",
		membership: "11:cpu,cpuacct:/docker/1f2e\n4:memory:/docker/1f2e\n0::/docker/1f2e\n",
		mounts: "700 690 0:30 /docker/1f2e /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n" +
			"701 690 0:31 /docker/1f2e /sys/fs/cgroup/memory ro,nosuid master:15 - cgroup cgroup rw,memory\n",
		files: map[string]string{
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "268435456\n",
			"sys/fs/cgroup/memory/memory.stat":           "cache 9\ninactive_file 7\ntotal_cache 20971520\ntotal_rss 200000000\ntotal_inactive_file 10485760\n",
		},
		limit: 512 * mib, source: SourceCgroup1, workingSet: 246 * mib,
	},
	{
		name:       "Kubernetes, cgroup v1, the host's path outside the mount",
		membership: "4:memory:/kubepods/burstable/pod1/c1\n",
		mounts:     "701 690 0:31 /kubepods/burstable/pod2/c2 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
		files: map[string]string{
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "1048576\n",
			"sys/fs/cgroup/memory/memory.stat":           "total_inactive_file 2097152\n",
		},
		limit: 512 * mib, source: SourceCgroup1, workingSet: 0,
	},
	{
		name:       "both versions, memory on v1 without a limit",
		membership: "4:memory:/a/b\n0::/\n",
		mounts: "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
			"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
		files: map[string]string{
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
			"sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "1048576\n",
			"sys/fs/cgroup/memory/a/b/memory.stat":           "total_inactive_file 0\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes":     "2097152\n",
		},
		limit: 23 * gib, source: SourceMachine, processFromStatm: true,
	},
	{
		name:       "a limit above the machine's memory is none",
		membership: "0::/\n",
		mounts:     "529 518 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
		files: map[string]string{
			"sys/fs/cgroup/memory.max":     "1099511627776\n",
			"sys/fs/cgroup/memory.current": "6442450944\n",
			"sys/fs/cgroup/memory.stat":    "inactive_file 0\n",
		},
		limit: 23 * gib, source: SourceMachine, processFromStatm: true,
	},
	{
		name:       "the root of cgroup v2 counts nothing",
		membership: "0::/\n",
		mounts:     "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		files:      map[string]string{"sys/fs/cgroup/cgroup.procs": "1\n"},
		limit:      23 * gib, source: SourceMachine, processFromStatm: true,
	},
	{
		name:       "a path with a space",
		membership: "0::/my app\n",
		mounts:     `529 518 0:29 / /mnt/c\040g rw - cgroup2 cgroup rw` + "\n",
		files: map[string]string{
			"mnt/c g/my app/memory.max":     "1073741824",
			"mnt/c g/my app/memory.current": "1048576",
			"mnt/c g/my app/memory.stat":    "inactive_file 0",
		},
		limit: gib, source: SourceCgroup2, workingSet: mib,
	},
	{
		name:       "no cgroups",
		membership: "",
		mounts:     "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		limit:      23 * gib, source: SourceMachine, processFromStatm: true,
	},
}

func TestRead(t *testing.T) {
	for _, system := range systems {
		t.Run(system.name, func(t *testing.T) {
			root := tree(t, system.files)
			write(t, root, "proc/self/cgroup", system.membership)
			write(t, root, "proc/self/mountinfo", system.mounts)
			write(t, root, "proc/self/statm", "765 427 399 5 0 123 0\n")
			write(t, root, "proc/meminfo", meminfo)
			r := New(root, 0)
			defer r.Close()
			for range 2 { // the second look reads through the same descriptors
				u, err := r.Read()
				if err != nil {
					t.Fatal(err)
				}
				if u.Limit != system.limit || u.Source != system.source || u.WorkingSet != system.workingSet {
					t.Errorf("got limit %d of %s, working set %d; want %d of %s, %d",
						u.Limit, u.Source, u.WorkingSet, system.limit, system.source, system.workingSet)
				}
				rss := uint64(0)
				if system.processFromStatm {
					rss = 427 * uint64(os.Getpagesize())
				}
				if u.RSS != rss {
					t.Errorf("got RSS %d, want %d", u.RSS, rss)
				}
			}
		})
	}
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// inContainer is a container with a limit of 1 GiB.
func inContainer(t *testing.T) string {
	return tree(t, map[string]string{
		"proc/self/cgroup":             "0::/\n",
		"proc/self/mountinfo":          "529 518 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
		"proc/self/statm":              "765 427 399 5 0 123 0\n",
		"proc/self/status":             "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1708 kB\nRssAnon:\t     112 kB\nRssFile:\t    1596 kB\nVmSwap:\t 8 kB\n",
		"proc/meminfo":                 meminfo,
		"sys/fs/cgroup/memory.max":     "1073741824\n",
		"sys/fs/cgroup/memory.current": "536870912\n",
		"sys/fs/cgroup/memory.stat":    "anon 400000000\nfile 100000000\ninactive_file 36870912\n",
	})
}

func TestOrderOfLimits(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(512 * mib))
	container := inContainer(t)
	machine := tree(t, map[string]string{"proc/meminfo": meminfo})
	for _, test := range []struct {
		name   string
		root   string
		config uint64
		limit  uint64
		source Source
	}{
		{"the config before all", container, 2 * gib, 2 * gib, SourceConfig},
		{"the cgroup before GOMEMLIMIT", container, 0, gib, SourceCgroup2},
		{"GOMEMLIMIT before the machine", machine, 0, 512 * mib, SourceGOMEMLIMIT},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := New(test.root, test.config)
			defer r.Close()
			u, err := r.Read()
			if err != nil || u.Limit != test.limit || u.Source != test.source {
				t.Errorf("got %d of %s, %v; want %d of %s", u.Limit, u.Source, err, test.limit, test.source)
			}
		})
	}
	debug.SetMemoryLimit(math.MaxInt64)
	r := New(t.TempDir(), 0)
	if u, err := r.Read(); err != nil || u.Limit != 0 || u.Heap == 0 {
		t.Errorf("without /proc: got %+v, %v; want the heap and no limit", u, err)
	}
}

func TestAResizedPodIsSeen(t *testing.T) {
	root := inContainer(t)
	r := New(root, 0)
	defer r.Close()
	r.Read()
	write(t, root, "sys/fs/cgroup/memory.max", "2147483648\n")
	if u, err := r.Read(); err != nil || u.Limit != 2*gib {
		t.Errorf("got %d, %v; want 2 GiB", u.Limit, err)
	}
}

func TestABrokenCgroupLeavesTheHeap(t *testing.T) {
	root := inContainer(t)
	r := New(root, 0)
	defer r.Close()
	if err := os.Remove(filepath.Join(root, "sys/fs/cgroup/memory.stat")); err != nil {
		t.Fatal(err)
	}
	u, err := r.Read()
	if err == nil || !strings.Contains(err.Error(), "memory.stat") {
		t.Errorf("got error %v, want one that names memory.stat", err)
	}
	if u.Heap == 0 || u.Limit != gib {
		t.Errorf("got heap %d, limit %d", u.Heap, u.Limit)
	}
}

func TestDetails(t *testing.T) {
	r := New(inContainer(t), 0)
	defer r.Close()
	got, err := r.Cgroup()
	want := Cgroup{2, "/", 512 * mib, gib, 36870912, 500_000_000, 400_000_000, 100_000_000}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if got, want := r.Process(), (Process{1708 << 10, 2048 << 10, 112 << 10, 1596 << 10, 0, 8 << 10}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestALookDoesNotAllocate(t *testing.T) {
	for _, root := range []string{inContainer(t), "/"} {
		r := New(root, 0)
		defer r.Close()
		r.Read()
		if n := testing.AllocsPerRun(100, func() { r.Read(); r.Heap() }); n > 0 {
			t.Errorf("%s: %v allocations a look", root, n)
		}
	}
}

// On Linux, in whatever cgroup the test runs.
func TestThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("no /proc")
	}
	r := New("/", 0)
	defer r.Close()
	u, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	if u.Heap < mib || u.Limit < 16*mib || u.WorkingSet+u.RSS < mib {
		t.Errorf("implausible: %+v", u)
	}
	cgroup, err := r.Cgroup()
	if err != nil {
		t.Error(err)
	}
	t.Logf("%+v %+v %+v", u, cgroup, r.Process())
}

func BenchmarkHeap(b *testing.B) {
	r := New("/", 0)
	defer r.Close()
	b.ReportAllocs()
	for b.Loop() {
		r.Heap()
	}
}

func BenchmarkRead(b *testing.B) {
	r := New("/", 0)
	defer r.Close()
	b.ReportAllocs()
	for b.Loop() {
		r.Read()
	}
}
