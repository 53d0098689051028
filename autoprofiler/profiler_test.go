package autoprofiler

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/pprof/profile"

	"github.com/pproflens/pproflens/autoprofiler/internal/memory"
)

const mib = 1 << 20

// fakeMemory is a process whose memory the test sets. Its limit is 1000 MiB, a cgroup's.
type fakeMemory struct {
	mu    sync.Mutex
	usage memory.Usage
	err   error
}

func newMemory(heapMiB uint64) *fakeMemory {
	m := &fakeMemory{usage: memory.Usage{Limit: 1000 * mib, Source: memory.SourceCgroup2}}
	m.set(heapMiB)
	return m
}

// set sets the heap; the working set of the cgroup stays 10 MiB below it.
func (m *fakeMemory) set(heapMiB uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usage.Heap, m.usage.WorkingSet = heapMiB*mib, (heapMiB-10)*mib
}

func (m *fakeMemory) Read() (memory.Usage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.usage, m.err
}

func (m *fakeMemory) Heap() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.usage.Heap
}

func (m *fakeMemory) Cgroup() (memory.Cgroup, error) {
	return memory.Cgroup{Version: 2, Path: "/pod", Current: 5, Max: 1000 * mib, WorkingSet: 4, InactiveFile: 1, Anon: 3, File: 2}, nil
}
func (m *fakeMemory) Process() memory.Process { return memory.Process{RSS: 7, Peak: 8} }
func (m *fakeMemory) Close()                  {}

// bucket is a target in memory. put decides what happens to a key; nil stores it.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	order   []string // keys as they were tried
	put     func(ctx context.Context, key string) error
}

func newBucket() *bucket { return &bucket{objects: map[string][]byte{}} }

func (b *bucket) Put(ctx context.Context, key string, body io.ReadSeeker, size int64) error {
	b.mu.Lock()
	b.order = append(b.order, key)
	put := b.put
	b.mu.Unlock()
	if put != nil {
		if err := put(ctx, key); err != nil {
			return err
		}
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if int64(len(content)) != size {
		return fmt.Errorf("%d bytes, announced as %d", len(content), size)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[key] = content
	return nil
}

// fail makes every Put return err, or store again.
func (b *bucket) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put = nil
	if err != nil {
		b.put = func(context.Context, string) error { return err }
	}
}

// events returns "trigger rung: files" of each event, by time.
func (b *bucket) events(t *testing.T) []string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	files := map[string][]string{}
	for key := range b.objects {
		files[path.Dir(key)] = append(files[path.Dir(key)], path.Base(key))
	}
	folders := make([]string, 0, len(files))
	for folder := range files {
		folders = append(folders, folder)
	}
	slices.Sort(folders)
	var events []string
	for _, folder := range folders {
		slices.Sort(files[folder])
		trigger := strings.Split(path.Base(folder), "_")[2]
		if meta, ok := b.objects[folder+"/meta.json"]; ok {
			if m := decodeMeta(t, meta); m.Rung > 0 {
				trigger += fmt.Sprintf(" %v", m.Rung)
			}
		}
		events = append(events, trigger+": "+strings.Join(files[folder], " "))
	}
	return events
}

// only returns the one object with this file name.
func (b *bucket) only(t *testing.T, name string) []byte {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var found [][]byte
	for key, content := range b.objects {
		if path.Base(key) == name {
			found = append(found, content)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d objects are named %s, want one", len(found), name)
	}
	return found[0]
}

func (b *bucket) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.objects)
}

func (b *bucket) tried() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.order)
}

func decodeMeta(t *testing.T, text []byte) Meta {
	t.Helper()
	var m Meta
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatalf("meta.json: %v in %s", err, text)
	}
	return m
}

// observed records what an Observer is told.
type observed struct {
	mu       sync.Mutex
	failures map[string]int
	last     map[string]error
	captures []Meta
	readings int
	spooled  int64
}

func newObserved() *observed {
	return &observed{failures: map[string]int{}, last: map[string]error{}}
}

func (o *observed) Memory(Reading) { o.mu.Lock(); o.readings++; o.mu.Unlock() }
func (o *observed) Captured(m Meta) {
	o.mu.Lock()
	o.captures = append(o.captures, m)
	o.mu.Unlock()
}
func (o *observed) Failed(stage string, err error) {
	o.mu.Lock()
	o.failures[stage]++
	o.last[stage] = err
	o.mu.Unlock()
}
func (o *observed) Spooled(bytes int64) { o.mu.Lock(); o.spooled = bytes; o.mu.Unlock() }

func (o *observed) failed(stage string) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failures[stage], o.last[stage]
}

func (o *observed) numbers() (captures, readings int, spooled int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.captures), o.readings, o.spooled
}

var quiet = slog.New(slog.DiscardHandler)

// startTest starts a profiler of a fake process, and stops it at the test's end.
func startTest(t *testing.T, config Config, m memoryReader) *Profiler {
	t.Helper()
	config.Service, config.Instance, config.Version, config.Logger = "ingester", "ingester-7f9c", "v1.42.0", cmp.Or(config.Logger, quiet)
	if config.GoroutineText == 0 {
		config.GoroutineText = -1
	}
	p, err := start(config, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestARampLeavesACaptureOfEachRungAndOneNearTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(650)
		startTest(t, Config{Target: target}, m)
		for heap := uint64(650); heap < 1000; heap += 5 {
			m.set(heap)
			time.Sleep(time.Second)
		}
		const files = "goroutine.pb.gz heap.pb.gz meta.json"
		equal(t, target.events(t),
			"heap-ratio 0.7: "+files, "heap-ratio 0.8: "+files, "heap-ratio 0.9: "+files, "heap-ratio 0.95: "+files,
			"heap-ratio 0.95: "+files) // half way from there to the limit
	})
}

func TestNearTheLimitLooksAreCloser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(500), newObserved()
		startTest(t, Config{Target: target, Observer: o}, m)
		time.Sleep(10*time.Second + time.Millisecond)
		_, before, _ := o.numbers()
		if before != 11 {
			t.Errorf("%d looks in 10 s of calm, want 11", before)
		}
		// 100 MiB/s: five seconds to the limit. The ramp is seen at the next look; then the looks come closer and closer.
		for heap := uint64(500); heap < 990; heap += 10 {
			m.set(heap)
			time.Sleep(100 * time.Millisecond)
		}
		if _, after, _ := o.numbers(); after-before < 10 {
			t.Errorf("%d looks during a ramp of 5 s, want 10 or more", after-before)
		}
	})
}

// A burst between two calm looks is captured before the kernel has filled it with pages; what is no danger is no look.
func TestABurstIsSeenBetweenLooks(t *testing.T) {
	for _, from := range []uint64{300, 750} {
		synctest.Test(t, func(t *testing.T) {
			m, o := newMemory(from), newObserved()
			startTest(t, Config{Target: newBucket(), Observer: o}, m)
			time.Sleep(10*time.Second + 100*time.Millisecond)
			m.set(from + 40)
			time.Sleep(100 * time.Millisecond)
			captures, looks, _ := o.numbers()
			if looks != 11 {
				t.Errorf("%d looks in 10.2 s of calm, want 11", looks)
			}
			m.set(from + 500)
			if from < 500 {
				m.set(1200)
			}
			burst := time.Now()
			time.Sleep(25 * time.Millisecond)
			synctest.Wait()
			if after, _, _ := o.numbers(); after != captures+1 {
				t.Fatalf("from %d: %d captures within 25 ms of a burst, want 1", from, after-captures)
			}
			if c := o.captures[captures]; c.Time.Sub(burst) > 20*time.Millisecond || c.Value < 1200*mib || c.Rung != 0.95 {
				t.Errorf("from %d: captured %v after the burst, %d MiB at rung %v", from, c.Time.Sub(burst), c.Value/mib, c.Rung)
			}
		})
	}
}

func TestKeyAndMeta(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(500)
		p := startTest(t, Config{Target: target}, m)
		first, err := p.Capture(t.Context(), "before the test")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute - time.Millisecond)
		m.set(910)
		time.Sleep(time.Second)

		synctest.Wait()
		// The bubble's clock starts with the year 2000.
		var folder string
		for key := range target.objects {
			if strings.Contains(key, "heap-ratio") {
				folder = path.Dir(key)
			}
		}
		meta := decodeMeta(t, target.objects[folder+"/meta.json"])
		want := "ingester/2000/01/01/00/20000101T000100.000Z_" + meta.Event + "_heap-ratio_954204160-1048576000_ingester-7f9c_v1.42.0"
		if folder != want {
			t.Errorf("got  %s\nwant %s", folder, want)
		}
		if meta.Schema != 1 || meta.Service != "ingester" || meta.Instance != "ingester-7f9c" || meta.Version != "v1.42.0" ||
			!meta.Time.Equal(time.Date(2000, 1, 1, 0, 1, 0, 0, time.UTC)) {
			t.Errorf("who and when: got %+v", meta)
		}
		if meta.Trigger != TriggerHeap || meta.Signal != SignalHeap || meta.Value != 910*mib || meta.Limit != 1000*mib ||
			meta.LimitSource != "cgroup v2" || meta.Rung != 0.9 || meta.PreviousEvent != first || meta.Reason != "" {
			t.Errorf("why: got %+v", meta)
		}
		if !slices.Equal(meta.Files, []string{"heap.pb.gz", "goroutine.pb.gz"}) {
			t.Errorf("files: got %v", meta.Files)
		}
		if meta.Memory.Heap != 910*mib || meta.Memory.RSS != 7 || meta.Memory.RSSPeak != 8 {
			t.Errorf("memory: got %+v", meta.Memory)
		}
		if meta.Cgroup == nil || *meta.Cgroup != (MetaCgroup{2, "/pod", 5, 1000 * mib, 4, 1, 3, 2}) {
			t.Errorf("cgroup: got %+v", meta.Cgroup)
		}
		if s := meta.MemStats; s.Sys == 0 || s.HeapInuse == 0 || s.StackInuse == 0 || s.NextGC == 0 || s.HeapSys < s.HeapInuse {
			t.Errorf("memstats: got %+v", s)
		}
		if r := meta.Runtime; r.GoVersion != runtime.Version() || r.GOGC != 100 || r.NumGoroutine == 0 || r.PID == 0 || r.MemProfileRate == 0 {
			t.Errorf("runtime: got %+v", r)
		}
		for key, content := range target.objects {
			if strings.Contains(key, "_manual_") && strings.HasSuffix(key, "/meta.json") {
				if m := decodeMeta(t, content); m.Event != first || m.Reason != "before the test" || m.Value != 500*mib || m.PreviousEvent != "" {
					t.Errorf("manual: got %+v", m)
				}
			}
		}
	})
}

func TestEachSignalHasItsTrigger(t *testing.T) {
	for _, test := range []struct {
		usage memory.Usage
		want  string
	}{
		{memory.Usage{Heap: 800 * mib, WorkingSet: 700 * mib}, "heap-ratio 0.8"},
		{memory.Usage{Heap: 100 * mib, WorkingSet: 910 * mib}, "cgroup-ratio 0.9"},
		{memory.Usage{Heap: 100 * mib, RSS: 960 * mib}, "rss-ratio 0.95"},
	} {
		synctest.Test(t, func(t *testing.T) {
			target, m := newBucket(), newMemory(100)
			startTest(t, Config{Target: target}, m)
			time.Sleep(time.Millisecond)
			m.mu.Lock()
			test.usage.Limit, test.usage.Source = 1000*mib, memory.SourceMachine
			m.usage = test.usage
			m.mu.Unlock()
			time.Sleep(time.Second)
			equal(t, target.events(t), test.want+": goroutine.pb.gz heap.pb.gz meta.json")
		})
	}
}

func TestForecastGrowthAndPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(100)
		startTest(t, Config{Target: target, Period: time.Hour}, m)
		time.Sleep(10*time.Second + time.Millisecond)
		m.set(560) // 460 MiB in a second: the next second reaches the limit
		time.Sleep(time.Second)
		m.set(300)
		time.Sleep(10 * time.Minute)
		m.set(500)
		time.Sleep(time.Minute)
		m.set(665) // 105 MiB above the last capture
		time.Sleep(10 * time.Minute)
		m.set(300)
		time.Sleep(39 * time.Minute)
		const files = ": goroutine.pb.gz heap.pb.gz meta.json"
		equal(t, target.events(t), "forecast"+files, "growth"+files, "interval"+files)
	})
}

func TestTheHoursLimitIsAFailureThatIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(100), newObserved()
		startTest(t, Config{Target: target, Observer: o, Rungs: []float64{0.5}, MaxPerHour: 1}, m)
		for range 3 {
			m.set(510)
			time.Sleep(2 * time.Minute)
			m.set(100)
			time.Sleep(2 * time.Minute)
		}
		refused, err := o.failed(StageRateLimit)
		if made, _, _ := o.numbers(); refused != 2 || made != 1 {
			t.Errorf("%d captures made, %d refused (%v); want 1 and 2", made, refused, err)
		}
	})
}

func TestABucketThatIsAwayForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(100), newObserved()
		target.fail(errors.New("503 Slow Down"))
		p := startTest(t, Config{Target: target, Observer: o}, m)
		time.Sleep(time.Second)
		p.Capture(t.Context(), "")
		time.Sleep(10 * time.Minute)
		tries := len(target.tried())
		if tries < 10 || tries > 40 {
			t.Errorf("%d tries in 10 min: want some, and pauses between them", tries)
		}
		if said, _ := o.failed(StageUpload); said != tries {
			t.Errorf("%d tries failed, %d were said", tries, said)
		}
		if _, _, spooled := o.numbers(); spooled == 0 {
			t.Error("nothing is said to wait")
		}
		target.fail(nil)
		time.Sleep(time.Minute)
		equal(t, target.events(t), "manual: goroutine.pb.gz heap.pb.gz meta.json")
		if _, _, spooled := o.numbers(); spooled != 0 {
			t.Errorf("%d bytes wait after all were uploaded", spooled)
		}
	})
}

func TestANewCaptureIsTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(100)
		target.fail(errors.New("no route to host"))
		p := startTest(t, Config{Target: target}, m)
		p.Capture(t.Context(), "")
		time.Sleep(time.Hour) // pauses are a minute by now
		target.fail(nil)
		tried := len(target.tried())
		event, _ := p.Capture(t.Context(), "")
		synctest.Wait()
		if first := target.tried()[tried]; !strings.Contains(first, event) || !strings.HasSuffix(first, "/heap.pb.gz") {
			t.Errorf("the first try after the capture was %s, want heap.pb.gz of %s", first, event)
		}
		if target.len() != 6 {
			t.Errorf("%d objects are stored without a pause, want 6", target.len())
		}
	})
}

func TestATargetThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(690), newObserved()
		target.put = func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}
		startTest(t, Config{Target: target, Observer: o}, m)
		time.Sleep(time.Second)
		m.set(710)
		time.Sleep(5 * time.Second)
		m.set(810)
		time.Sleep(1500 * time.Millisecond)
		if captures, _, _ := o.numbers(); captures != 2 {
			t.Errorf("%d captures while an upload hangs, want 2", captures)
		}
		time.Sleep(30 * time.Second)
		if _, err := o.failed(StageUpload); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		target.fail(nil)
		time.Sleep(2 * time.Minute)
		if target.len() != 6 {
			t.Errorf("%d objects, want 6", target.len())
		}
	})
}

// As a Folder on a mount that hangs.
func TestATargetThatHangsWhateverItsContextSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(690), newObserved()
		back := make(chan struct{})
		target.put = func(context.Context, string) error {
			<-back
			return nil
		}
		startTest(t, Config{Target: target, Observer: o}, m)
		time.Sleep(time.Second)
		m.set(710)
		time.Sleep(55 * time.Second)
		if n, err := o.failed(StageUpload); n != 0 {
			t.Errorf("said %d times before it is late: %v", n, err)
		}
		m.set(810)
		time.Sleep(10 * time.Minute)
		n, err := o.failed(StageUpload)
		if n != 1 || err == nil || !strings.Contains(err.Error(), "no other file is uploaded until it does") {
			t.Errorf("said %d times, last %v; want it once", n, err)
		}
		if captures, _, _ := o.numbers(); captures != 2 || len(target.tried()) != 1 {
			t.Errorf("%d captures and %d uploads meanwhile, want 2 and 1", captures, len(target.tried()))
		}
		close(back)
		time.Sleep(time.Second)
		if target.len() != 6 {
			t.Errorf("%d objects once the target is back, want 6", target.len())
		}
	})
}

func TestARefusedFileHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(100)
		target.put = func(_ context.Context, key string) error {
			if path.Base(key) == "heap.pb.gz" {
				return errors.New("413 Payload Too Large")
			}
			return nil
		}
		p := startTest(t, Config{Target: target}, m)
		p.Capture(t.Context(), "")
		time.Sleep(time.Minute)
		equal(t, target.events(t), "manual: goroutine.pb.gz meta.json")
	})
}

func TestPanicsEndNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(100)
		panics := 3
		target.put = func(context.Context, string) error {
			if panics--; panics >= 0 {
				panic("a bug of the target")
			}
			return nil
		}
		p := startTest(t, Config{Target: target, Observer: panicking{}, Logger: slog.New(panicking{})}, m)
		if _, err := p.Capture(t.Context(), ""); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Millisecond)
		m.set(710)
		time.Sleep(time.Minute)
		const files = ": goroutine.pb.gz heap.pb.gz meta.json"
		equal(t, target.events(t), "manual"+files, "heap-ratio 0.7"+files)
	})
}

type panicking struct{}

func (panicking) Memory(Reading)       { panic("a bug of the observer") }
func (panicking) Captured(Meta)        { panic("a bug of the observer") }
func (panicking) Failed(string, error) { panic("a bug of the observer") }
func (panicking) Spooled(int64)        { panic("a bug of the observer") }

func (panicking) Enabled(context.Context, slog.Level) bool  { return true }
func (panicking) Handle(context.Context, slog.Record) error { panic("a bug of the logger") }
func (panicking) WithAttrs([]slog.Attr) slog.Handler        { panic("a bug of the logger") }
func (panicking) WithGroup(string) slog.Handler             { panic("a bug of the logger") }

func TestALoggerThatPanicsIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(100), newObserved()
		p := startTest(t, Config{Target: target, Observer: o, Logger: slog.New(panicking{})}, m)
		p.Capture(t.Context(), "")
		synctest.Wait()
		// "watching" and "captured".
		if n, err := o.failed(StageLog); n != 2 || err == nil || !strings.Contains(err.Error(), "panic of the Logger: a bug of the logger") {
			t.Errorf("%d times said, last %v; want 2", n, err)
		}
		for _, handler := range []slog.Handler{
			p.config.Logger.Handler().WithAttrs([]slog.Attr{slog.Int("a", 1)}), p.config.Logger.Handler().WithGroup("g"),
		} {
			slog.New(handler).Info("does not end the test either")
		}
	})
}

func TestALookThatFailsIsSaidAndTheHeapIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(100), newObserved()
		startTest(t, Config{Target: target, Observer: o}, m)
		time.Sleep(time.Millisecond)
		m.mu.Lock()
		m.err = errors.New("memory.stat: input/output error")
		m.usage.Heap, m.usage.WorkingSet = 750*mib, 0
		m.mu.Unlock()
		time.Sleep(time.Second)
		if n, _ := o.failed(StageMemory); n == 0 {
			t.Error("nothing is said")
		}
		equal(t, target.events(t), "heap-ratio 0.7: goroutine.pb.gz heap.pb.gz meta.json")
	})
}

func TestStopUploadsWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(100)
		target.put = func(context.Context, string) error {
			time.Sleep(time.Second) // a slow one
			return nil
		}
		p := startTest(t, Config{Target: target, StopTimeout: time.Minute}, m)
		p.Capture(t.Context(), "")
		p.Stop()
		if target.len() != 3 {
			t.Errorf("%d objects after Stop, want 3", target.len())
		}
		p.Stop() // again: nothing happens
		if _, err := p.Capture(t.Context(), ""); !errors.Is(err, ErrStopped) {
			t.Errorf("got %v, want ErrStopped", err)
		}
	})
}

func TestStopTriesATargetThatIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newBucket()
		target.fail(errors.New("down"))
		p := startTest(t, Config{Target: target}, newMemory(100))
		if _, err := p.Capture(t.Context(), "manual"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute) // The pauses have grown.
		target.fail(nil)
		p.Stop()
		equal(t, target.events(t), "manual: goroutine.pb.gz heap.pb.gz meta.json")
	})
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(100)
		target.put = func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}
		p := startTest(t, Config{Target: target}, m)
		p.Capture(t.Context(), "")
		before := time.Now()
		p.Stop()
		if waited := time.Since(before); waited != 5*time.Second {
			t.Errorf("Stop took %v, want 5 s", waited)
		}
	})
}

func TestTheNextProcessUploadsWhatTheLastOneCouldNot(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(100)
		target.fail(errors.New("no route to host"))
		p := startTest(t, Config{Target: target, SpoolDir: dir}, m)
		p.Capture(t.Context(), "")
		p.Stop()

		target.fail(nil)
		startTest(t, Config{Target: target, SpoolDir: dir}, m)
		time.Sleep(time.Second)
		equal(t, target.events(t), "manual: goroutine.pb.gz heap.pb.gz meta.json")
	})
}

// What the hour's captures cannot cover: the newest look at the top waits on disk, and is uploaded if the process dies.
func TestTheStandbyIsUploadedOnlyAfterADeath(t *testing.T) {
	dir, died := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(500), newObserved()
		p := startTest(t, Config{Target: target, Observer: o, SpoolDir: dir}, m)
		for s := range 1800 { // a saw of 20 s to 99.99 % for half an hour
			m.set(500 + 25*uint64(s%20) + uint64(s%20)/19*24)
			time.Sleep(time.Second)
		}
		made, _, spooled := o.numbers()
		if n := len(target.events(t)); made > 20 || n != made || spooled == 0 {
			t.Errorf("%d captures made, %d in the bucket, %d bytes held", made, n, spooled)
		}
		if heaps, _ := filepath.Glob(filepath.Join(dir, "*/*/*/*/*/*/heap.pb.gz")); len(heaps) != 1 {
			t.Errorf("on disk are %v, want one", heaps)
		}
		if err := os.CopyFS(died, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		ended := time.Now()
		m.set(300)
		time.Sleep(2 * time.Minute)
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("memory is calm, and %v is left", left)
		}
		m.set(999)
		time.Sleep(time.Minute)
		p.Stop()
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("the process ended well, and %v is left", left)
		}

		next := newBucket()
		startTest(t, Config{Target: next, SpoolDir: died}, newMemory(100))
		time.Sleep(time.Second)
		// A glance at the heap and a look at the container may come at the same time.
		if events := next.events(t); len(events) != 1 || !strings.HasSuffix(events[0], "-ratio 0.95: heap.pb.gz meta.json") {
			t.Errorf("the next process uploaded %v, want the standby", events)
		}
		meta := decodeMeta(t, next.only(t, "meta.json"))
		if age := ended.Sub(meta.Time); !meta.Standby || age > 20*time.Second || meta.Value < 850 {
			t.Errorf("the standby is %v old, at %d of %d: %+v", age, meta.Value, meta.Limit, meta)
		}
		if _, err := profile.ParseData(next.only(t, "heap.pb.gz")); err != nil {
			t.Error(err)
		}
	})
}

// A folder that cannot be made, as on a read-only disk: captures go to the bucket by way of memory, and say so.
func TestASpoolDirThatCannotBeWritten(t *testing.T) {
	dir := "/proc/autoprofiler-spool"
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("no /proc, in which no folder can be made even by root")
	}
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(100), newObserved()
		p := startTest(t, Config{Target: target, Observer: o, SpoolDir: dir}, m)
		p.Capture(t.Context(), "")
		time.Sleep(time.Second)
		equal(t, target.events(t), "manual: goroutine.pb.gz heap.pb.gz meta.json")
		if meta := decodeMeta(t, target.only(t, "meta.json")); !strings.Contains(meta.SpoolTrouble, dir) {
			t.Errorf("meta.json says %q of the spool", meta.SpoolTrouble)
		}
		said, err := o.failed(StageSpool)
		if said != 1 || !strings.Contains(err.Error(), "Config.SpoolDir takes no files: expected a folder that can be written") {
			t.Errorf("said %d times: %v", said, err)
		}
		m.set(999)
		time.Sleep(time.Minute) // No standby where the process takes it along.
		if _, _, spooled := o.numbers(); spooled != 0 {
			t.Errorf("%d bytes wait in memory", spooled)
		}
	})
}

func TestAFileOfTheSpoolThatCannotBeReadIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(100), newObserved()
		target.fail(errors.New("no route to host"))
		p := startTest(t, Config{Target: target, Observer: o, SpoolDir: dir}, m)
		p.Capture(t.Context(), "")
		heaps, err := filepath.Glob(filepath.Join(dir, "*/*/*/*/*/*/heap.pb.gz"))
		if err != nil || len(heaps) != 1 {
			t.Fatalf("found %v, %v", heaps, err)
		}
		kept, err := os.ReadFile(heaps[0])
		if err != nil {
			t.Fatal(err)
		}
		// A link to itself, as a permission would not hold up root.
		if err := errors.Join(os.Remove(heaps[0]), os.Symlink(heaps[0], heaps[0])); err != nil {
			t.Fatal(err)
		}
		target.fail(nil)
		time.Sleep(time.Minute)
		equal(t, target.events(t), "manual: goroutine.pb.gz meta.json")
		if _, err := o.failed(StageUpload); err == nil || !strings.Contains(err.Error(), "the spool cannot be read") {
			t.Errorf("said is %v", err)
		}
		if err := errors.Join(os.Remove(heaps[0]), os.WriteFile(heaps[0], kept, 0o600)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		equal(t, target.events(t), "manual: goroutine.pb.gz heap.pb.gz meta.json")
	})
}

func TestTheSpoolIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(100), newObserved()
		target.fail(errors.New("no route to host"))
		p := startTest(t, Config{Target: target, Observer: o, SpoolBytes: 1 << 20}, m)
		for range 10 {
			meta := p.newMeta(time.Now(), cause{trigger: TriggerManual}, Reading{})
			err := p.write(meta.folder(), part{name: "trace.out", stage: StageTrace, write: func(w io.Writer) error {
				_, err := w.Write(make([]byte, 200<<10))
				return err
			}})
			if n := p.spool.Bytes(); err != nil || n > 1<<20 {
				t.Fatalf("%d bytes wait, 1 MiB may; %v", n, err)
			}
			time.Sleep(time.Second)
		}
		_, err := o.failed(StageSpool)
		if err == nil || !strings.Contains(err.Error(), "the spool is full: ingester/2000/") {
			t.Errorf("files were lost; said is %v", err)
		}
	})
}

func TestNilProfiler(t *testing.T) {
	var p *Profiler
	p.Stop()
	if _, err := p.Capture(t.Context(), ""); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v", err)
	}
}

// The profiles themselves, in real time. In a process of its own: once mutex and block profiles were on, the samples stay
// for ever.
func TestProfiles(t *testing.T) {
	if os.Getenv("AUTOPROFILER_TEST_PROFILES") == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestProfiles$")
		child.Env = append(os.Environ(), "AUTOPROFILER_TEST_PROFILES=1")
		if output, err := child.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return
	}
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	contend()
	stop := make(chan struct{})
	defer close(stop)
	pprof.Do(t.Context(), pprof.Labels("tenant_id", "acme"), func(context.Context) { go burn(stop) })

	target := newBucket()
	p := startTest(t, Config{
		Target:         target,
		CPU:            2 * time.Second, // longer than the second capture is on its way
		FlightRecorder: trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: time.Second}),
		GoroutineText:  1000,
	}, newMemory(100))
	time.Sleep(50 * time.Millisecond)
	first, err := p.Capture(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Capture(t.Context(), ""); err != nil { // its moment is in the CPU profile of the first
		t.Fatal(err)
	}
	for range 100 {
		if slices.ContainsFunc(target.tried(), func(key string) bool { return path.Base(key) == "cpu.pb.gz" }) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.Stop()

	const afterBlock = "goroutine.pb.gz goroutine.txt.gz heap.pb.gz meta.json mutex.pb.gz trace.out.gz"
	equal(t, target.events(t), "manual: block.pb.gz cpu.pb.gz "+afterBlock, "manual: block.pb.gz "+afterBlock)
	files := []string{"heap.pb.gz", "goroutine.pb.gz", "goroutine.txt.gz", "mutex.pb.gz", "block.pb.gz", "trace.out.gz", "cpu.pb.gz"}
	for key, content := range target.objects {
		name := path.Base(key)
		switch {
		case name == "meta.json":
			if meta := decodeMeta(t, content); meta.Event == first && !slices.Equal(meta.Files, files) {
				t.Errorf("meta.json announces %v, want %v", meta.Files, files)
			}
		case strings.HasSuffix(name, ".pb.gz"):
			decoded, err := profile.ParseData(content)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if len(decoded.Sample) == 0 {
				t.Errorf("%s has no samples", name)
			}
			if name == "cpu.pb.gz" && !slices.ContainsFunc(decoded.Sample, func(s *profile.Sample) bool { return s.HasLabel("tenant_id", "acme") }) {
				t.Error("no sample of the CPU profile has the label tenant_id=acme")
			}
		case name == "goroutine.txt.gz":
			z, err := gzip.NewReader(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(z); err != nil || !bytes.Contains(text, []byte("goroutine 1 [")) {
				t.Errorf("%s: %v in %.200s", name, err, text)
			}
		case name == "trace.out.gz":
			z, err := gzip.NewReader(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			if trace, err := io.ReadAll(z); err != nil || !bytes.HasPrefix(trace, []byte("go 1.")) {
				t.Errorf("%s: %v, starts with %q", name, err, trace[:min(len(trace), 16)])
			}
		}
	}
}

func contend() {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				mu.Lock()
				time.Sleep(10 * time.Microsecond)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func burn(stop <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
			runtime.KeepAlive(n)
		}
	}
}

func TestACPUProfileOfTheService(t *testing.T) {
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Skip(err) // this test is being profiled
	}
	defer pprof.StopCPUProfile()
	target, o := newBucket(), newObserved()
	p := startTest(t, Config{Target: target, Observer: o, CPU: time.Second}, newMemory(100))
	if _, err := p.Capture(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	equal(t, target.events(t), "manual: goroutine.pb.gz heap.pb.gz meta.json")
	if meta := decodeMeta(t, target.only(t, "meta.json")); slices.Contains(meta.Files, "cpu.pb.gz") {
		t.Errorf("meta.json announces a CPU profile that does not come: %v", meta.Files)
	}
	if _, err := o.failed(StageCPU); err == nil {
		t.Error("nothing is said")
	}
}

func TestATraceIsPackedWherePackingFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startTest(t, Config{Target: newBucket()}, newMemory(100))
		parts := []part{{name: "trace.out.gz", cost: packCost, instead: &part{name: "trace.out"}}}
		for room, want := range map[uint64]string{packCost * share: "trace.out.gz", packCost*share - share: "trace.out"} {
			fit, omitted := p.affordable(parts, Reading{Signals: []Signal{{SignalHeap, 10}}, Limit: 10 + room})
			if len(fit) != 1 || fit[0].name != want || len(omitted) > 0 {
				t.Errorf("with %d bytes left: got %+v, omitted %+v, want %s", room, fit, omitted, want)
			}
		}
	})
}

func TestStopEndsACPUProfile(t *testing.T) {
	target := newBucket()
	p := startTest(t, Config{Target: target, CPU: time.Hour}, newMemory(100))
	if _, err := p.Capture(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if _, err := profile.ParseData(target.only(t, "cpu.pb.gz")); err != nil {
		t.Error(err)
	}
}

func TestWhatIsTooDearIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m, o := newBucket(), newMemory(100), newObserved()
		p := startTest(t, Config{Target: target, Observer: o, GoroutineText: 1000}, m)
		for _, test := range []struct {
			room uint64
			want string
		}{
			{1 << 30, "goroutine.pb.gz goroutine.txt.gz"},
			{16 << 20, "goroutine.pb.gz"},
			{1 << 10, ""},
			{0, ""},
		} {
			reading := Reading{Signals: []Signal{{SignalHeap, 10}}, Limit: 10 + test.room}
			var names []string
			parts := p.parts()
			fit, omitted := p.affordable(parts, reading)
			granted := uint64(0)
			for _, part := range fit {
				names = append(names, part.name)
				granted += part.cost
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("with %d bytes left: got %s, want %s", test.room, got, test.want)
			}
			if granted > test.room/10 {
				t.Errorf("with %d bytes left the files take %d", test.room, granted)
			}
			if len(fit)+len(omitted) != len(parts) {
				t.Errorf("with %d bytes left: %d files of %d are said to be omitted", test.room, len(omitted), len(parts))
			}
			for _, o := range omitted {
				if o.Name == "" || o.EstimatedBytes <= o.Room || o.Room > test.room/10 {
					t.Errorf("with %d bytes left: %+v is omitted", test.room, o)
				}
			}
		}
		if n, err := o.failed(StageGoroutine); n != 5 {
			t.Errorf("%d files were said to be left out (%v), want 5", n, err)
		}
	})
}

// The heap profile is complete before meta.json, which says what does not fit, and nothing else is written then.
func TestNearTheLimitACaptureIsTheHeapAndMeta(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, m := newBucket(), newMemory(100)
		p := startTest(t, Config{Target: target, GoroutineText: 1000, CPU: time.Second}, m)
		m.set(1000)
		event, err := p.Capture(t.Context(), "full")
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var names []string
		for _, key := range target.tried() {
			if strings.Contains(key, event) {
				names = append(names, path.Base(key))
			}
		}
		if got := strings.Join(names, " "); got != "heap.pb.gz meta.json" {
			t.Errorf("got %s, want heap.pb.gz meta.json", got)
		}
		for key, content := range target.objects {
			if !strings.Contains(key, event) || path.Base(key) != "meta.json" {
				continue
			}
			var meta Meta
			if err := json.Unmarshal(content, &meta); err != nil {
				t.Fatal(err)
			}
			omitted := ""
			for _, o := range meta.Omitted {
				omitted += o.Name + " "
			}
			if got := strings.Join(meta.Files, " "); got != "heap.pb.gz" || omitted != "goroutine.pb.gz goroutine.txt.gz cpu.pb.gz " {
				t.Errorf("files %s, omitted %s", got, omitted)
			}
		}
	})
}

func TestALongFileIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, o := newBucket(), newObserved()
		p := startTest(t, Config{Target: target, Observer: o, SpoolBytes: 1 << 20}, newMemory(100))
		err := p.write("folder", part{name: "trace.out", stage: StageTrace, write: func(w io.Writer) error {
			_, err := w.Write(make([]byte, 1<<18+1))
			return err
		}})
		if err == nil || err.Error() != "the file is too large: over 262144 bytes" {
			t.Errorf("got %v", err)
		}
		if p.spool.Bytes() != 0 {
			t.Errorf("%d bytes are held for it", p.spool.Bytes())
		}
	})
}

func TestALookDoesNotAllocate(t *testing.T) {
	p := looker(t, 0)
	if n := testing.AllocsPerRun(100, func() { p.look() }); n > 0 {
		t.Errorf("%v allocations a look", n)
	}
}

// BenchmarkLook is what watching costs each Config.Interval: runtime/metrics, a few files of the kernel, the decision.
// The limit is that of the cgroup, if there is one, or given, in which case the process's resident set is read.
func BenchmarkLook(b *testing.B) {
	for name, limit := range map[string]uint64{"found": 0, "given": 1 << 50} {
		b.Run(name, func(b *testing.B) {
			p := looker(b, limit)
			b.ReportAllocs()
			for b.Loop() {
				p.look()
			}
		})
	}
}

// looker is a profiler of this process that does not run, and never has a reason to capture.
func looker(t testing.TB, limit uint64) *Profiler {
	config := Config{Logger: quiet, Rungs: []float64{2}, MaxPerHour: 1}.withDefaults()
	reader := memory.New("/", limit)
	t.Cleanup(reader.Close)
	p := &Profiler{config: config, memory: reader, ladder: config.newLadder()}
	p.observer = carefulObserver{config.Observer, p.observerPanicked}
	p.look()
	return p
}
