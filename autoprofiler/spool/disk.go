package spool

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/internal/disk"
	"github.com/pproflens/pproflens/autoprofiler/key"
)

// abandoned is the age at which a file that was not completed is no longer being written. A younger one may be that of
// another process with the same folder.
const abandoned = time.Hour

// ErrLate is why files go to memory while a folder is being opened, or does not take one in time.
var ErrLate = errors.New("the folder does not answer; look for a mount that hangs")

// Disk returns a spool in a folder, with the files that an earlier process left there. Files with other names than keys
// are not touched. No other process may use it meanwhile. Goroutine dumps can hold what a service's users would not share:
// files are the owner's alone.
//
// It waits for the folder only so long: files go to memory until it opens, and for good if that fails, which Trouble says.
// That something else than a folder is there is an error.
func Disk(dir string, wait time.Duration, options Options) (*Spool, error) {
	return openDisk(func() (*disk.Dir, error) { return disk.Open(dir, 0o600) }, wait, options)
}

func openDisk(open func() (*disk.Dir, error), wait time.Duration, options Options) (*Spool, error) {
	s := newSpool(nil, options)
	opened := make(chan error, 1)
	go func() { opened <- s.attach(open) }()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case err := <-opened:
		if err != nil && (options.MemoryBytes == 0 || errors.Is(err, syscall.ENOTDIR)) {
			return nil, err
		}
		if err != nil {
			s.setTrouble(err)
		}
	case <-timer.C:
		s.setTrouble(ErrLate)
		go func() { s.setTrouble(<-opened) }()
	}
	return s, nil
}

// attach opens the folder, and takes files there from then on.
func (s *Spool) attach(open func() (*disk.Dir, error)) error {
	d, err := open()
	if err != nil {
		return err
	}
	if err := d.Check(); err != nil && !full(err) { // On a full disk, what is there makes room.
		d.Close()
		return err
	}
	left, err := find(d)
	if err != nil {
		d.Close()
		return err
	}
	s.mu.Lock()
	s.disk = newTimed(onDisk{d})
	var large []File
	for _, f := range left {
		if f.Size > s.options.MaxBytes { // It would make all others go first.
			large = append(large, f)
			s.disk.remove(f.Key)
			continue
		}
		s.release(-f.Size, false)
		s.add(f)
	}
	s.mu.Unlock()
	for _, f := range large {
		s.options.Dropped(f, ErrRoom)
	}
	// Make room as if for a new event: an earlier process may have had a larger spool.
	return s.reserve(0, "~", false)
}

// find returns complete files that an earlier process left: of each event the heap profile, meta.json, then the small ones
// first.
func find(d *disk.Dir) ([]File, error) {
	names, err := fs.Glob(d.FS(), key.Glob)
	if err != nil {
		return nil, err
	}
	var left []File
	now := time.Now()
	for _, name := range names {
		whole, isPartial := strings.CutSuffix(name, disk.Partial)
		if !key.Is(whole) {
			continue
		}
		// A link is nobody's file, whatever it leads to.
		info, err := fs.Lstat(d.FS(), name)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		stored := info.ModTime()
		if stored.After(now) {
			stored = now // By a clock that was wrong: it would never be too old.
		}
		if isPartial {
			if now.Sub(stored) > abandoned {
				d.Remove(name)
			}
			continue
		}
		left = append(left, File{Key: name, Size: info.Size(), Stored: stored, left: true})
	}
	slices.SortFunc(left, func(a, b File) int { return cmp.Compare(weight(a), weight(b)) })
	return left, nil
}

// maxJSON is more than a meta.json has, in bytes: it is read into memory.
const maxJSON = 4 << 20

// checkWhole returns ErrBroken if a file is not what was written: files are not synced, as that takes time which a dying
// process lacks, so a machine that fails leaves names without content.
func checkWhole(name string, body io.Reader) error {
	content := bufio.NewReader(body)
	_, err := content.Peek(1)
	switch {
	case err != nil:
	case strings.HasSuffix(name, ".gz"):
		var z *gzip.Reader
		if z, err = gzip.NewReader(content); err == nil {
			_, err = io.Copy(io.Discard, z)
		}
	case strings.HasSuffix(name, ".json"):
		decoder := json.NewDecoder(io.LimitReader(content, maxJSON))
		var value json.RawMessage
		if err = decoder.Decode(&value); err == nil {
			if _, more := decoder.Token(); more != io.EOF {
				err = errors.New("more follows")
			}
		}
	}
	var disks *fs.PathError // not read, so nothing is known
	if err == nil || errors.As(err, &disks) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

func weight(f File) int64 {
	switch path.Base(f.Key) {
	case "heap.pb.gz":
		return -2
	case "meta.json":
		return -1
	}
	return f.Size
}

// onDisk is a folder as a store.
type onDisk struct{ dir *disk.Dir }

func (d onDisk) create(key string) (sink, error)            { return d.dir.Create(key) }
func (d onDisk) open(key string) (io.ReadSeekCloser, error) { return d.dir.Open(key) }
func (d onDisk) remove(key string) error                    { return d.dir.Remove(key) }
