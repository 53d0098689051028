// Package spool keeps complete files until the target has them: on disk, where they outlive the process, or in memory.
// It never holds more than it may: the oldest events go first.
//
// A file's name is its object key. On disk the spool is a folder that looks like the bucket, so what an earlier process
// left says by itself where it belongs.
package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Options are the spool's bounds. Every field is needed.
type Options struct {
	MaxBytes int64                   // of all files, written and being written
	MaxFile  int64                   // of one file
	MaxAge   time.Duration           // after which a file is given up
	Dropped  func(f File, why error) // called for a file that is given up
}

// Reasons for which a file is given up or not taken.
var (
	ErrRoom    = errors.New("the spool is full")
	ErrAge     = errors.New("the file is too old")
	ErrTooLong = errors.New("the file is too large")
)

// File is a complete file of the spool.
type File struct {
	Key    string
	Size   int64 // bytes
	Stored time.Time

	attempts int
	sequence int // order of completion
}

// store is where the bytes are. Its methods, and those of its sinks but Write, are called one at a time.
type store interface {
	create(key string) (sink, error)
	open(key string) (io.ReadSeekCloser, error)
	remove(key string) error
}

type sink interface {
	io.Writer
	Commit() error
	Discard()
}

// Spool is safe for concurrent use. Use Disk or Memory.
type Spool struct {
	options Options
	store   store
	added   chan struct{}

	mu       sync.Mutex // guards the store and what follows
	files    []File
	bytes    int64 // of files, and of those being written
	sequence int
	held     map[string]bool // events
}

func newSpool(s store, options Options) *Spool {
	return &Spool{options: options, store: s, added: make(chan struct{}, 1), held: map[string]bool{}}
}

// Added receives after files were added.
func (s *Spool) Added() <-chan struct{} { return s.added }

// Bytes is what the spool holds, files being written included.
func (s *Spool) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Len is the number of complete files that are not held.
func (s *Spool) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting())
}

// waiting are the files that are not held.
func (s *Spool) waiting() []File {
	if len(s.held) == 0 {
		return s.files
	}
	return slices.DeleteFunc(slices.Clone(s.files), func(f File) bool { return s.held[eventOf(f.Key)] })
}

// Hold keeps the files of an event, by its folder, from Next: on disk they are for the process that comes after this one.
func (s *Spool) Hold(folder string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[path.Base(folder)] = true
}

// Drop removes the files of an event that was held.
func (s *Spool) Drop(folder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	event := path.Base(folder)
	if !s.held[event] {
		return nil
	}
	var errs []error
	for _, f := range slices.Clone(s.files) {
		if eventOf(f.Key) == event {
			errs = append(errs, s.remove(f))
		}
	}
	delete(s.held, event)
	return errors.Join(errs...)
}

// eventOf is the part of a key that the files of an event share; its last folder starts with the time.
func eventOf(key string) string { return path.Base(path.Dir(key)) }

// Next returns the file to upload: the one with the fewest failures, so that no file holds up the others; among these of
// the newest event, since the last capture of a process that dies says most; of that in the order they were completed.
func (s *Spool) Next() (File, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.waiting()
	if len(waiting) == 0 {
		return File{}, false
	}
	return slices.MinFunc(waiting, func(a, b File) int {
		return cmp.Or(
			cmp.Compare(a.attempts, b.attempts),
			cmp.Compare(eventOf(b.Key), eventOf(a.Key)),
			cmp.Compare(a.sequence, b.sequence),
		)
	}), true
}

// Open opens a file for reading.
func (s *Spool) Open(f File) (io.ReadSeekCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.open(f.Key)
}

// Done removes a file that the target has.
func (s *Spool) Done(f File) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remove(f)
}

// Failed puts a file behind those that failed less often.
func (s *Spool) Failed(f File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(f); i >= 0 {
		s.files[i].attempts++
	}
}

func (s *Spool) index(f File) int {
	return slices.IndexFunc(s.files, func(other File) bool { return other.Key == f.Key })
}

func (s *Spool) remove(f File) error {
	i := s.index(f)
	if i < 0 {
		return nil // given up meanwhile
	}
	s.files = slices.Delete(s.files, i, i+1)
	s.bytes -= f.Size
	return s.store.remove(f.Key)
}

// Expire gives up files older than Options.MaxAge that have been tried: what an earlier process left long ago is tried once.
func (s *Spool) Expire(now time.Time) {
	s.giveUp(ErrAge, func(f File) bool { return f.attempts > 0 && now.Sub(f.Stored) > s.options.MaxAge })
}

// giveUp removes the files that match and reports those that were not held.
func (s *Spool) giveUp(why error, matches func(File) bool) {
	s.mu.Lock()
	var dropped []File
	for _, f := range slices.Clone(s.files) {
		if matches(f) {
			if !s.held[eventOf(f.Key)] {
				dropped = append(dropped, f)
			}
			s.remove(f)
		}
	}
	s.mu.Unlock()
	for _, f := range dropped {
		s.options.Dropped(f, why)
	}
}

// reserve makes room for n more bytes of an event, at the cost of older events but never of newer ones.
func (s *Spool) reserve(n int64, event string) error {
	for {
		s.mu.Lock()
		if s.bytes+n <= s.options.MaxBytes {
			s.bytes += n
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		if !s.giveUpOldest(event, ErrRoom) {
			return fmt.Errorf("%w: %d bytes wait for the target, %d are allowed", ErrRoom, s.Bytes(), s.options.MaxBytes)
		}
	}
}

// giveUpOldest gives up the oldest event for another, which is newer. It reports false if there is none.
func (s *Spool) giveUpOldest(event string, why error) bool {
	s.mu.Lock()
	oldest := event
	for _, f := range s.files {
		oldest = min(oldest, eventOf(f.Key))
	}
	s.mu.Unlock()
	if oldest == event {
		return false
	}
	s.giveUp(why, func(f File) bool { return eventOf(f.Key) == oldest })
	return true
}

// full reports whether an error says that the disk has no room, though the spool might take more.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// add takes a complete file whose bytes are reserved.
func (s *Spool) add(key string, size int64, stored time.Time) {
	s.sequence++
	s.files = append(s.files, File{Key: key, Size: size, Stored: stored, sequence: s.sequence})
	select {
	case s.added <- struct{}{}:
	default:
	}
}

// Writer writes one file. Commit adds it to the spool, Discard forgets it; one of them must be called.
type Writer struct {
	spool *Spool
	sink  sink
	key   string
	size  int64
	err   error // of the first Write that failed: the file is then incomplete
}

// Create starts a file.
func (s *Spool) Create(key string) (*Writer, error) {
	for {
		s.mu.Lock()
		sink, err := s.store.create(key)
		s.mu.Unlock()
		if err == nil {
			return &Writer{spool: s, sink: sink, key: key}, nil
		}
		if !full(err) || !s.giveUpOldest(eventOf(key), err) {
			return nil, err
		}
	}
}

// Write takes bytes as long as the file and the spool may grow.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err == nil {
		w.err = w.write(p)
	}
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

func (w *Writer) write(p []byte) error {
	n := int64(len(p))
	if w.size+n > w.spool.options.MaxFile {
		return fmt.Errorf("%w: over %d bytes", ErrTooLong, w.spool.options.MaxFile)
	}
	if err := w.spool.reserve(n, eventOf(w.key)); err != nil {
		return err
	}
	w.size += n
	for {
		written, err := w.sink.Write(p)
		if err == nil || !full(err) {
			return err
		}
		p = p[written:]
		// The disk is full: the oldest event goes first here too.
		if !w.spool.giveUpOldest(eventOf(w.key), err) {
			return err
		}
	}
}

// Commit adds the file, unless a Write failed: then it is forgotten.
func (w *Writer) Commit() error {
	if w.err != nil {
		w.Discard()
		return w.err
	}
	w.spool.mu.Lock()
	defer w.spool.mu.Unlock()
	if err := w.sink.Commit(); err != nil {
		w.spool.bytes -= w.size
		return err
	}
	w.spool.add(w.key, w.size, time.Now())
	return nil
}

// Discard forgets the file.
func (w *Writer) Discard() {
	w.spool.mu.Lock()
	defer w.spool.mu.Unlock()
	w.sink.Discard()
	w.spool.bytes -= w.size
}
