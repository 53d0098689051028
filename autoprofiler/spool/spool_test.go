package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/internal/disk"
	"github.com/pproflens/pproflens/autoprofiler/key"
)

// keyOf names a file of the event at a minute of an hour.
func keyOf(minute int, file string) string {
	return key.Event{
		Service: "ingester", Time: time.Date(2026, 11, 3, 14, minute, 0, 0, time.UTC), ID: "k3v9q2xd",
		Trigger: "heap-ratio", Value: 1, Limit: 2, Instance: "i", Version: "v",
	}.Folder() + "/" + file
}

// short is a key's minute and file: "22 heap.pb.gz".
func short(key string) string {
	_, event, _ := strings.Cut(key, "T14")
	return event[:2] + " " + filepath.Base(key)
}

type recorder struct {
	mu      sync.Mutex
	dropped []string
	said    []error // of the disk's trouble
}

func (r *recorder) options() Options {
	return Options{MaxBytes: 100, MaxFile: 60, MaxAge: time.Hour, Dropped: func(f File, why error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.dropped = append(r.dropped, fmt.Sprintf("%s: %v", short(f.Key), why))
	}}
}

// withMemory are the options of a spool whose memory takes what the disk does not.
func (r *recorder) withMemory() Options {
	options := r.options()
	options.MemoryBytes, options.MemoryFile = 50, 40
	options.Trouble = func(err error) { r.said = append(r.said, err) }
	return options
}

// openAt opens the spool in a folder.
func openAt(t *testing.T, dir string, options Options) *Spool {
	t.Helper()
	s, err := Disk(dir, time.Minute, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// both runs a test with a spool on disk and with one in memory.
func both(t *testing.T, test func(t *testing.T, s *Spool, r *recorder)) {
	t.Run("disk", func(t *testing.T) {
		r := &recorder{}
		test(t, openAt(t, t.TempDir(), r.options()), r)
	})
	t.Run("memory", func(t *testing.T) {
		r := &recorder{}
		test(t, Memory(r.options()), r)
	})
}

func put(t *testing.T, s *Spool, key string, size int) error {
	t.Helper()
	w, err := s.Create(key)
	if err != nil {
		t.Fatal(err)
	}
	for range size { // byte by byte, as room is made while a file grows
		if _, err := w.Write([]byte{'x'}); err != nil {
			break
		}
	}
	return w.Commit()
}

func mustPut(t *testing.T, s *Spool, key string, size int) {
	t.Helper()
	if err := put(t, s, key, size); err != nil {
		t.Fatal(err)
	}
}

func TestFilesComeBack(t *testing.T) {
	both(t, func(t *testing.T, s *Spool, _ *recorder) {
		mustPut(t, s, keyOf(22, "heap.pb.gz"), 40)
		select {
		case <-s.Added():
		default:
			t.Error("Added says nothing")
		}
		f, ok := s.Next()
		if !ok || f.Key != keyOf(22, "heap.pb.gz") || f.Size != 40 {
			t.Fatalf("got %+v, %v", f, ok)
		}
		for range 2 { // a retry reads the file again
			body, err := s.Open(f)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(body)
			if err != nil || string(text) != strings.Repeat("x", 40) {
				t.Errorf("got %q, %v", text, err)
			}
			body.Close()
		}
		if s.Bytes() != 40 {
			t.Errorf("holds %d bytes, want 40", s.Bytes())
		}
		if err := s.Done(f); err != nil {
			t.Error(err)
		}
		if _, ok := s.Next(); ok || s.Bytes() != 0 || s.Len() != 0 {
			t.Errorf("not empty: %d bytes", s.Bytes())
		}
		if _, err := s.Open(f); err == nil {
			t.Error("opens a file that is gone")
		}
	})
}

func TestOrder(t *testing.T) {
	both(t, func(t *testing.T, s *Spool, _ *recorder) {
		for _, name := range []string{"meta.json", "heap.pb.gz"} {
			mustPut(t, s, keyOf(10, name), 1)
			mustPut(t, s, keyOf(20, name), 1)
		}
		var order []string
		next := func() File {
			f, _ := s.Next()
			order = append(order, short(f.Key))
			return f
		}
		s.Failed(next())
		s.Done(next())
		s.Done(next())
		mustPut(t, s, keyOf(30, "meta.json"), 1)
		s.Done(next())
		s.Done(next())
		s.Done(next())
		want := "20 meta.json, 20 heap.pb.gz, 10 meta.json, 30 meta.json, 10 heap.pb.gz, 20 meta.json"
		if got := strings.Join(order, ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestTheOldestEventsMakeRoom(t *testing.T) {
	both(t, func(t *testing.T, s *Spool, r *recorder) {
		for minute := 10; minute < 15; minute++ {
			mustPut(t, s, keyOf(minute, "meta.json"), 1)
			mustPut(t, s, keyOf(minute, "heap.pb.gz"), 29)
		}
		want := "10 meta.json: the spool is full, 10 heap.pb.gz: the spool is full, " +
			"11 meta.json: the spool is full, 11 heap.pb.gz: the spool is full"
		if got := strings.Join(r.dropped, ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if s.Bytes() != 90 {
			t.Errorf("holds %d bytes, want 90", s.Bytes())
		}
	})
}

func TestNewerEventsAndTheOwnAreKept(t *testing.T) {
	both(t, func(t *testing.T, s *Spool, r *recorder) {
		mustPut(t, s, keyOf(20, "heap.pb.gz"), 60)
		if err := put(t, s, keyOf(10, "cpu.pb.gz"), 50); !errors.Is(err, ErrRoom) {
			t.Errorf("an older event's file: got %v", err)
		}
		if err := put(t, s, keyOf(20, "trace.out"), 50); !errors.Is(err, ErrRoom) {
			t.Errorf("another file of the event: got %v", err)
		}
		if len(r.dropped) > 0 || s.Bytes() != 60 {
			t.Errorf("dropped %v, holds %d bytes", r.dropped, s.Bytes())
		}
	})
}

func TestALongFileIsRefused(t *testing.T) {
	both(t, func(t *testing.T, s *Spool, _ *recorder) {
		if err := put(t, s, keyOf(10, "trace.out"), 61); !errors.Is(err, ErrTooLong) {
			t.Errorf("got %v", err)
		}
		if s.Bytes() != 0 || s.Len() != 0 {
			t.Errorf("holds %d bytes", s.Bytes())
		}
	})
}

func TestExpire(t *testing.T) {
	both(t, func(t *testing.T, s *Spool, r *recorder) {
		mustPut(t, s, keyOf(10, "heap.pb.gz"), 10)
		s.Expire(time.Now().Add(time.Hour - time.Minute))
		if len(r.dropped) > 0 {
			t.Errorf("dropped %v", r.dropped)
		}
		s.Expire(time.Now().Add(time.Hour + time.Minute))
		if len(r.dropped) > 0 {
			t.Errorf("dropped %v, which was not tried once", r.dropped)
		}
		f, _ := s.Next()
		s.Failed(f)
		s.Expire(time.Now().Add(time.Hour + time.Minute))
		if got := strings.Join(r.dropped, ", "); got != "10 heap.pb.gz: the file is too old" || s.Bytes() != 0 {
			t.Errorf("dropped %q, holds %d bytes", got, s.Bytes())
		}
	})
}

// fullDisk is a store with room for so many bytes; a write takes what fits, as that of a file does.
type fullDisk struct {
	memory
	room int
}

type fullSink struct {
	sink
	disk *fullDisk
}

func (d *fullDisk) create(key string) (sink, error) {
	if d.room == 0 {
		return nil, &os.PathError{Op: "openat", Path: key, Err: syscall.ENOSPC}
	}
	s, err := d.memory.create(key)
	return fullSink{s, d}, err
}

func (d *fullDisk) remove(key string) error {
	d.room += int(d.memory[key].size())
	return d.memory.remove(key)
}

func (s fullSink) Write(p []byte) (int, error) {
	n, _ := s.sink.Write(p[:min(len(p), s.disk.room)])
	s.disk.room -= n
	if n < len(p) {
		return n, &os.PathError{Op: "write", Path: "f", Err: syscall.ENOSPC}
	}
	return n, nil
}

func TestOnAFullDiskTheOldestGoesFirst(t *testing.T) {
	r := &recorder{}
	s := newSpool(&fullDisk{memory: memory{}, room: 50}, r.options())
	mustPut(t, s, keyOf(10, "heap.pb.gz"), 20)
	mustPut(t, s, keyOf(20, "heap.pb.gz"), 20)
	mustPut(t, s, keyOf(30, "heap.pb.gz"), 30) // of which 10 are written before there is room
	mustPut(t, s, keyOf(40, "heap.pb.gz"), 30) // which cannot even be created
	if got := strings.Join(r.dropped, ", "); !strings.HasPrefix(got, "10 heap.pb.gz: ") || !strings.Contains(got, ", 20 heap.pb.gz: ") ||
		!strings.Contains(got, "no space left") || s.Bytes() > 50 {
		t.Errorf("dropped %q, holds %d bytes", got, s.Bytes())
	}
	f, _ := s.Next()
	body, err := s.Open(f)
	if err != nil || short(f.Key) != "40 heap.pb.gz" {
		t.Fatalf("the newest is %s, %v", f.Key, err)
	}
	if content, err := io.ReadAll(body); err != nil || len(content) != 30 {
		t.Errorf("the newest has %d bytes, %v", len(content), err)
	}
	w, err := s.Create(keyOf(5, "heap.pb.gz")) // older than all: it gives up nothing
	if err == nil {
		w.Write(make([]byte, 40))
		err = w.Commit()
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("an older event got %v", err)
	}
}

// brokenDisk is a store that fails in one of the ways a disk does.
type brokenDisk struct {
	memory
	creating, writing, committing error
}

type brokenSink struct {
	sink
	disk *brokenDisk
}

func (d *brokenDisk) create(key string) (sink, error) {
	if d.creating != nil {
		return nil, d.creating
	}
	s, err := d.memory.create(key)
	return brokenSink{s, d}, err
}

func (s brokenSink) Write(p []byte) (int, error) {
	if s.disk.writing != nil {
		return 0, s.disk.writing
	}
	return s.sink.Write(p)
}

func (s brokenSink) Commit() error {
	if s.disk.committing != nil {
		return s.disk.committing
	}
	return s.sink.Commit()
}

func TestMemoryTakesWhatABrokenDiskDoesNot(t *testing.T) {
	for name, d := range map[string]*brokenDisk{
		"create": {memory: memory{}, creating: syscall.EROFS},
		"write":  {memory: memory{}, writing: syscall.EIO},
		"commit": {memory: memory{}, committing: syscall.EROFS},
		"full":   {memory: memory{}, writing: syscall.ENOSPC},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &recorder{}
				broken := *d
				*d = brokenDisk{memory: d.memory}
				s := newSpool(d, r.withMemory())
				mustPut(t, s, keyOf(10, "heap.pb.gz"), 20)
				*d = broken
				if name == "full" { // The oldest goes first there.
					f, _ := s.Next()
					s.Done(f)
				}
				err := put(t, s, keyOf(20, "heap.pb.gz"), 20)
				if again := errors.Is(err, ErrDisk); again != (name != "create") {
					t.Errorf("the first try got %v", err)
				} else if again {
					mustPut(t, s, keyOf(20, "heap.pb.gz"), 20)
				}
				if len(r.said) != 1 || r.said[0] == nil || s.Trouble() == nil {
					t.Errorf("said %v, trouble %v", r.said, s.Trouble())
				}
				mustPut(t, s, keyOf(30, "heap.pb.gz"), 40) // The memory is bounded, and the disk keeps what it has.
				if got := strings.Join(r.dropped, ", "); got != "20 heap.pb.gz: the spool is full" {
					t.Errorf("dropped %q", got)
				}
				w, err := s.Create(keyOf(40, "heap.pb.gz"))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write(make([]byte, 41)); !errors.Is(err, ErrTooLong) {
					t.Errorf("too long for memory: got %v", err)
				}
				w.Discard()
				f, _ := s.Next()
				body, err := s.Open(f)
				if err != nil || short(f.Key) != "30 heap.pb.gz" {
					t.Fatalf("the newest is %s, %v", f.Key, err)
				}
				if content, err := io.ReadAll(body); err != nil || len(content) != 40 {
					t.Errorf("the newest has %d bytes, %v", len(content), err)
				}
				*d = brokenDisk{memory: d.memory}
				time.Sleep(retryDisk)
				mustPut(t, s, keyOf(50, "meta.json"), 5)
				if len(r.said) != 2 || r.said[1] != nil || s.Trouble() != nil || d.memory[keyOf(50, "meta.json")] == nil {
					t.Errorf("the disk is back: said %v, trouble %v", r.said, s.Trouble())
				}
				for f, ok := s.Next(); ok; f, ok = s.Next() {
					s.Done(f)
				}
				if s.Bytes() != 0 || s.inMemory != 0 {
					t.Errorf("%d bytes, %d in memory, are left of nothing", s.Bytes(), s.inMemory)
				}
			})
		})
	}
}

// hangingDisk is a store of which one operation hangs, until back is closed.
type hangingDisk struct {
	memory
	operation string
	back      chan struct{}
}

type hangingSink struct {
	sink
	disk *hangingDisk
}

func (d *hangingDisk) wait(operation string) {
	if d.operation == operation {
		<-d.back
	}
}

func (d *hangingDisk) create(key string) (sink, error) {
	d.wait("create")
	s, err := d.memory.create(key)
	return hangingSink{s, d}, err
}

func (d *hangingDisk) open(key string) (io.ReadSeekCloser, error) {
	d.wait("open")
	return d.memory.open(key)
}

func (d *hangingDisk) remove(key string) error {
	d.wait("remove")
	return d.memory.remove(key)
}

func (s hangingSink) Write(p []byte) (int, error) {
	s.disk.wait("write")
	return s.sink.Write(p)
}

func (s hangingSink) Commit() error {
	s.disk.wait("commit")
	return s.sink.Commit()
}

// Whatever hangs, it holds up a capture for diskTimeout, once, and memory takes it.
func TestADiskThatHangsIsGivenUpInTime(t *testing.T) {
	for _, operation := range []string{"create", "write", "commit", "open", "remove"} {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &recorder{}
				d := &hangingDisk{memory: memory{}, operation: operation, back: make(chan struct{})}
				s := newSpool(d, r.withMemory())
				start := time.Now()
				switch operation {
				case "open":
					d.memory[keyOf(5, "heap.pb.gz")] = nil
					if _, err := s.Open(File{Key: keyOf(5, "heap.pb.gz")}); !errors.Is(err, ErrLate) {
						t.Errorf("open: got %v", err)
					}
				case "remove":
					d.memory[keyOf(5, "heap.pb.gz")] = nil
					s.add(File{Key: keyOf(5, "heap.pb.gz")})
					if err := s.Done(File{Key: keyOf(5, "heap.pb.gz")}); !errors.Is(err, ErrLate) {
						t.Errorf("remove: got %v", err)
					}
				}
				for i, name := range []string{"heap.pb.gz", "meta.json"} {
					err := put(t, s, keyOf(10, name), 20)
					if i == 0 && errors.Is(err, ErrDisk) && errors.Is(err, ErrLate) {
						err = put(t, s, keyOf(10, name), 20)
					}
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
				if took := time.Since(start); took > diskTimeout || s.inMemory != 40 || s.Bytes() != 40 {
					t.Errorf("took %v, %d bytes are in memory, %d in all", took, s.inMemory, s.Bytes())
				}
				if len(r.said) != 1 || !errors.Is(r.said[0], ErrLate) {
					t.Errorf("said %v", r.said)
				}
				time.Sleep(retryDisk) // Still late: it is asked, and costs no time.
				start = time.Now()
				mustPut(t, s, keyOf(20, "meta.json"), 1)
				if took := time.Since(start); took > 0 {
					t.Errorf("once it is known to be late it took %v", took)
				}
				close(d.back)
				time.Sleep(retryDisk)
				synctest.Wait()
				if n := len(d.memory); n > 0 && operation != "open" {
					t.Errorf("left %d files that memory has", n)
				}
				mustPut(t, s, keyOf(30, "meta.json"), 5)
				if len(r.said) != 2 || r.said[1] != nil || d.memory[keyOf(30, "meta.json")] == nil {
					t.Errorf("the disk is back: said %v", r.said)
				}
			})
		})
	}
}

func TestAFolderThatHangsIsTakenWhenItOpens(t *testing.T) {
	dir := t.TempDir()
	r := &recorder{}
	earlier := openAt(t, dir, r.options())
	mustPut(t, earlier, keyOf(10, "heap.pb.gz"), 20)
	synctest.Test(t, func(t *testing.T) {
		back := make(chan struct{})
		start := time.Now()
		s, err := openDisk(func() (*disk.Dir, error) {
			<-back
			return disk.Open(dir, 0o600)
		}, 2*time.Second, r.withMemory())
		if took := time.Since(start); err != nil || took != 2*time.Second || !errors.Is(s.Trouble(), ErrLate) {
			t.Fatalf("it took %v: %v, trouble %v", took, err, s.Trouble())
		}
		mustPut(t, s, keyOf(20, "heap.pb.gz"), 20)
		if s.Len() != 1 || s.inMemory != 20 {
			t.Errorf("%d files, %d bytes in memory", s.Len(), s.inMemory)
		}
		close(back)
		time.Sleep(time.Second)
		synctest.Wait()
		if s.Len() != 2 || s.Trouble() != nil || len(r.said) != 2 || r.said[1] != nil {
			t.Errorf("the folder is back: %d files, trouble %v, said %v", s.Len(), s.Trouble(), r.said)
		}
		mustPut(t, s, keyOf(30, "heap.pb.gz"), 20)
		if _, err := os.Stat(filepath.Join(dir, keyOf(30, "heap.pb.gz"))); err != nil {
			t.Error(err)
		}
	})
}

// A held event waits for the next process, and makes room for any that is uploaded, without a word.
func TestAHeldEventIsNotUploaded(t *testing.T) {
	both(t, func(t *testing.T, s *Spool, r *recorder) {
		folder := filepath.Dir(keyOf(10, ""))
		s.Hold(folder)
		mustPut(t, s, keyOf(10, "heap.pb.gz"), 30)
		if f, ok := s.Next(); ok || s.Len() != 0 || s.Bytes() != 30 {
			t.Errorf("Next is %s, %d files wait, %d bytes are held", f.Key, s.Len(), s.Bytes())
		}
		mustPut(t, s, keyOf(5, "heap.pb.gz"), 20)
		if f, _ := s.Next(); short(f.Key) != "05 heap.pb.gz" || s.Len() != 1 {
			t.Errorf("Next is %s of %d", f.Key, s.Len())
		}
		if err := s.Drop(folder); err != nil || s.Bytes() != 20 {
			t.Errorf("%d bytes are left, %v", s.Bytes(), err)
		}
		s.Drop(filepath.Dir(keyOf(5, ""))) // not held
		s.Hold(folder)
		mustPut(t, s, keyOf(10, "heap.pb.gz"), 30)
		mustPut(t, s, keyOf(20, "heap.pb.gz"), 60)
		mustPut(t, s, keyOf(20, "meta.json"), 40)
		if got := strings.Join(r.dropped, ", "); got != "05 heap.pb.gz: the spool is full" || s.Bytes() != 100 {
			t.Errorf("said %q, holds %d bytes", got, s.Bytes())
		}
	})
}

func TestAFileGivenUpDuringItsUpload(t *testing.T) {
	both(t, func(t *testing.T, s *Spool, _ *recorder) {
		mustPut(t, s, keyOf(10, "heap.pb.gz"), 60)
		f, _ := s.Next()
		body, err := s.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		mustPut(t, s, keyOf(20, "heap.pb.gz"), 60)
		if text, err := io.ReadAll(body); err != nil || len(text) != 60 {
			t.Errorf("got %d bytes, %v", len(text), err)
		}
		s.Failed(f)
		if err := s.Done(f); err != nil || s.Bytes() != 60 {
			t.Errorf("got %v, holds %d bytes", err, s.Bytes())
		}
	})
}

func TestManyWriters(t *testing.T) {
	both(t, func(t *testing.T, s *Spool, _ *recorder) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 20 {
					put(t, s, keyOf(i+10, fmt.Sprintf("%d.txt", j)), 10)
					if s.Bytes() > 100 {
						t.Errorf("holds %d bytes, 100 are allowed", s.Bytes())
					}
					if f, ok := s.Next(); ok {
						s.Done(f)
					}
				}
			})
		}
		wg.Wait()
		for f, ok := s.Next(); ok; f, ok = s.Next() {
			s.Done(f)
		}
		if s.Bytes() != 0 {
			t.Errorf("%d bytes are left of nothing", s.Bytes())
		}
	})
}

func TestAnEarlierProcessesFiles(t *testing.T) {
	dir := t.TempDir()
	r := &recorder{}
	first := openAt(t, dir, r.options())
	mustPut(t, first, keyOf(10, "heap.pb.gz"), 30)
	mustPut(t, first, keyOf(10, "goroutine.pb.gz"), 5)
	mustPut(t, first, keyOf(10, "meta.json"), 20)
	mustPut(t, first, keyOf(20, "meta.json"), 20)
	if _, err := first.Create(keyOf(20, "heap.pb.gz")); err != nil { // the process dies here
		t.Fatal(err)
	}
	old := filepath.Join(dir, keyOf(5, "heap.pb.gz.partial"))
	for path, text := range map[string]string{filepath.Join(dir, "notes.txt"): "keep me", old: "x"} {
		os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * abandoned)
	os.Chtimes(old, long, long)

	second := openAt(t, dir, r.options())
	if second.Bytes() != 75 || second.Len() != 4 {
		t.Errorf("took over %d files of %d bytes, want 4 of 75", second.Len(), second.Bytes())
	}
	var order []string
	for f, ok := second.Next(); ok; f, ok = second.Next() {
		order = append(order, short(f.Key))
		second.Done(f)
	}
	if got, want := strings.Join(order, ", "), "20 meta.json, 10 heap.pb.gz, 10 meta.json, 10 goroutine.pb.gz"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	left := filepath.Join(dir, keyOf(20, "heap.pb.gz.partial"))
	if _, err := os.Stat(left); err != nil {
		t.Errorf("removed a young partial file, which may be another process's: %v", err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("kept an abandoned partial file")
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "notes.txt")); string(text) != "keep me" {
		t.Error("touched a file that is not ours")
	}
}

// Not meant to be, but nothing is then said to fail that has not.
func TestTwoProcessesWithOneFolder(t *testing.T) {
	dir := t.TempDir()
	r := &recorder{}
	first := openAt(t, dir, r.options())
	mustPut(t, first, keyOf(10, "meta.json"), 30)
	mustPut(t, first, keyOf(10, "heap.pb.gz"), 30)
	second := openAt(t, dir, r.options())
	for range 2 {
		for _, s := range []*Spool{first, second} {
			f, ok := s.Next()
			if !ok {
				t.Fatal("the file is gone before it is uploaded")
			}
			if err := s.Done(f); err != nil {
				t.Errorf("%s: %v", short(f.Key), err)
			}
		}
	}
	if first.Bytes() != 0 || second.Bytes() != 0 {
		t.Errorf("%d and %d bytes are left of nothing", first.Bytes(), second.Bytes())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestASmallerSpoolThanTheEarlierProcesses(t *testing.T) {
	dir := t.TempDir()
	r := &recorder{}
	first := openAt(t, dir, r.options())
	mustPut(t, first, keyOf(10, "heap.pb.gz"), 30)
	mustPut(t, first, keyOf(20, "heap.pb.gz"), 30)
	smaller := r.options()
	smaller.MaxBytes = 50
	second := openAt(t, dir, smaller)
	if f, _ := second.Next(); short(f.Key) != "20 heap.pb.gz" || second.Bytes() != 30 {
		t.Errorf("kept %s, %d bytes", short(f.Key), second.Bytes())
	}
}

// What is accounted is what is held, and a file that grows is not copied: memory is short when captures are made.
func TestMemoryHoldsWhatItAccounts(t *testing.T) {
	for name, size := range map[string]int{"large": 7<<20 + 1, "one chunk and a little": chunkSize + 1000, "small": 3000} {
		t.Run(name, func(t *testing.T) {
			s := Memory(Options{MaxBytes: 32 << 20, MaxFile: 8 << 20, MaxAge: time.Hour, Dropped: func(File, error) {}})
			part := make([]byte, 248) // what compress/gzip writes at a time
			before := heap()
			for i := 0; s.Bytes()+int64(size) <= 28<<20+4; i++ {
				w, err := s.Create(keyOf(i%60, fmt.Sprint(i)))
				if err != nil {
					t.Fatal(err)
				}
				for left := size; left > 0; left -= len(part) {
					if _, err := w.Write(part[:min(left, len(part))]); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Commit(); err != nil {
					t.Fatal(err)
				}
			}
			after := heap()
			accounted := float64(s.Bytes())
			// An eighth: what Go's size classes add, and the keys.
			if held := float64(after.HeapAlloc) - float64(before.HeapAlloc); held > accounted*1.125 {
				t.Errorf("holds %.1f MiB where %.1f are accounted", held/(1<<20), accounted/(1<<20))
			}
			if allocated := float64(after.TotalAlloc - before.TotalAlloc); size > 1<<20 && allocated > accounted*1.125 {
				t.Errorf("allocated %.1f MiB to hold %.1f", allocated/(1<<20), accounted/(1<<20))
			}
			runtime.KeepAlive(s)
		})
	}
}

func heap() (m runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}

func TestFilesOfSeveralChunks(t *testing.T) {
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 7} {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(i * i >> 8)
		}
		s := Memory(Options{MaxBytes: 1 << 20, MaxFile: 1 << 20, MaxAge: time.Hour})
		w, err := s.Create("a")
		if err != nil {
			t.Fatal(err)
		}
		for rest, n := content, 1; len(rest) > 0; n = n * 3 % 200_003 {
			n = min(n, len(rest))
			w.Write(rest[:n])
			rest = rest[n:]
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		f, _ := s.Next()
		body, err := s.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(body, content); err != nil { // it seeks too
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
