//go:build linux

package autoprofiler

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// captureTo makes a capture, and waits until so many files are in the bucket.
func captureTo(t *testing.T, p *Profiler, target *bucket, files int) (took time.Duration) {
	t.Helper()
	start := time.Now()
	if _, err := p.Capture(t.Context(), ""); err != nil {
		t.Error(err)
	}
	took = time.Since(start)
	for end := time.Now().Add(10 * time.Second); target.len() < files; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d files are in the bucket, want %d", target.len(), files)
		}
	}
	return took
}

// A disk that becomes read-only while the process runs, by the kernel's own error: the next capture is not lost.
func TestADiskThatBecomesReadOnly(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("no file system can be mounted: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	target, o := newBucket(), newObserved()
	p := startTest(t, Config{Target: target, Observer: o, SpoolDir: dir}, newMemory(100))
	captureTo(t, p, target, 3)
	if n, err := o.failed(StageSpool); n > 0 {
		t.Fatalf("failed while the disk is well: %v", err)
	}
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("no file system can be made read-only: %v", err)
	}
	captureTo(t, p, target, 6)
	if n, err := o.failed(StageSpool); n != 1 || !strings.Contains(err.Error(), "read-only file system") {
		t.Errorf("said %d times: %v", n, err)
	}
	if said := p.spool.Trouble(); said == nil {
		t.Error("the spool has no trouble")
	}
}

// lockedBuffer is written by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// A mount that hangs: a fifo, which does not open for reading before someone writes to it.
func TestStopDoesNotWaitForASpoolDirThatHangs(t *testing.T) {
	dir := t.TempDir()
	target, m := newBucket(), newMemory(100)
	target.fail(errors.New("no route to host"))
	var said lockedBuffer
	config := Config{Target: target, SpoolDir: dir, StopTimeout: 200 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&said, nil))}
	p := startTest(t, config, m)
	p.Capture(t.Context(), "")
	heaps, err := filepath.Glob(filepath.Join(dir, "*/*/*/*/*/*/heap.pb.gz"))
	if err != nil || len(heaps) != 1 {
		t.Fatalf("found %v, %v", heaps, err)
	}
	if err := errors.Join(os.Remove(heaps[0]), syscall.Mkfifo(heaps[0], 0o600)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, ok := p.spool.Waiting(); !ok {
			time.Sleep(10 * time.Millisecond)
			if _, _, ok := p.spool.Waiting(); !ok {
				break // it hangs
			}
		}
		time.Sleep(time.Millisecond)
	}
	stopped := time.Now()
	p.Stop()
	if took := time.Since(stopped); took > 5*time.Second || !strings.Contains(said.String(), "look for a mount that hangs") {
		t.Errorf("Stop took %v and said %s", took, said.String())
	}
	if w, err := os.OpenFile(heaps[0], os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
		w.Close() // lets go of it
	}
}

// A disk that hangs while the process runs, really: a file system that is frozen. Memory is watched on, and captures are
// uploaded.
func TestASpoolDirThatHangsLater(t *testing.T) {
	dir := t.TempDir()
	image := filepath.Join(t.TempDir(), "image")
	run := func(name string, args ...string) error {
		output, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, output)
		}
		return nil
	}
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, 16<<20), run("mkfs.ext4", "-q", image),
		run("mount", "-o", "loop", image, dir)); err != nil {
		t.Skipf("no file system can be mounted: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	target, o := newBucket(), newObserved()
	looks := func() int {
		_, readings, _ := o.numbers()
		return readings
	}
	p := startTest(t, Config{Target: target, Observer: o, SpoolDir: dir, Interval: 20 * time.Millisecond}, newMemory(100))
	captureTo(t, p, target, 3)
	if err := run("fsfreeze", "-f", dir); err != nil {
		t.Skipf("no file system can be frozen: %v", err)
	}
	thaw := sync.OnceFunc(func() {
		if err := run("fsfreeze", "-u", dir); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(thaw)
	first, second := captureTo(t, p, target, 6), captureTo(t, p, target, 9)
	t.Logf("a capture takes %v when the disk begins to hang, then %v", first, second)
	if first > 5*time.Second || second > time.Second {
		t.Errorf("a capture takes %v, then %v", first, second)
	}
	if n, err := o.failed(StageSpool); n != 1 || !strings.Contains(err.Error(), "look for a mount that hangs") {
		t.Errorf("said %d times: %v", n, err)
	}
	before := looks()
	for end := time.Now().Add(10 * time.Second); looks() < before+10; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("memory is no longer looked at")
		}
	}
	thaw()
}
