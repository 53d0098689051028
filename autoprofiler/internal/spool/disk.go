package spool

import (
	"cmp"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/internal/disk"
	"github.com/pproflens/pproflens/autoprofiler/internal/key"
)

// abandoned is the age at which a file that was not completed is no longer being written. A younger one may be that of
// another process with the same folder.
const abandoned = time.Hour

// Disk returns a spool in a folder, with the files that an earlier process left there. Files with other names than keys
// are not touched. No other process may use it meanwhile. Goroutine dumps can hold what a service's users would not share:
// files are the owner's alone.
func Disk(dir string, options Options) (*Spool, error) {
	d, err := disk.Open(dir, 0o600)
	if err != nil {
		return nil, err
	}
	s := newSpool(onDisk{d}, options)
	if err := s.recover(d); err != nil {
		d.Close()
		return nil, err
	}
	return s, nil
}

// recover takes over complete files: of each event the heap profile, meta.json, then the small ones first.
func (s *Spool) recover(d *disk.Dir) error {
	names, err := fs.Glob(d.FS(), key.Glob)
	if err != nil {
		return err
	}
	var left []File
	for _, name := range names {
		info, err := fs.Stat(d.FS(), name)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if strings.HasSuffix(name, disk.Partial) {
			if time.Since(info.ModTime()) > abandoned {
				d.Remove(name)
			}
			continue
		}
		left = append(left, File{Key: name, Size: info.Size(), Stored: info.ModTime()})
	}
	slices.SortFunc(left, func(a, b File) int { return cmp.Compare(weight(a), weight(b)) })
	s.mu.Lock()
	for _, f := range left {
		s.bytes += f.Size
		s.add(f.Key, f.Size, f.Stored)
	}
	s.mu.Unlock()
	// Make room as if for a new event: an earlier process may have had a larger spool.
	return s.reserve(0, "~")
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
