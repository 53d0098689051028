// Package spool keeps complete files until the target has them: on disk, where they outlive the process, or in memory,
// which also takes what a disk in trouble does not. It never holds more than it may: the oldest events go first. It is the
// auto-profiler's and the gateway's: no service needs it, and it may change with them.
//
// A file's name is its object key. On disk the spool is a folder that looks like the bucket, so what an earlier process
// left says by itself where it belongs.
package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Options are the spool's bounds. Every field is needed, those of memory by a spool on disk alone.
type Options struct {
	MaxBytes int64                   // of all files, written and being written
	MaxFile  int64                   // of one file
	MaxAge   time.Duration           // after which a file is given up
	Dropped  func(f File, why error) // called for a file that is given up

	// What memory may hold while the disk is in trouble: of all files, and of one. 0: nothing, a file that the disk refuses is
	// an error.
	MemoryBytes, MemoryFile int64
	// Trouble is called with the error when files begin to go to memory, and with nil when the disk takes them again.
	Trouble func(error)
}

// Reasons for which a file is given up or not taken.
var (
	ErrRoom    = errors.New("the spool is full")
	ErrAge     = errors.New("the file is too old")
	ErrTooLong = errors.New("the file is too large")
	ErrBroken  = errors.New("the file is not whole")
	// ErrDisk is in the error of a file that the disk did not take whole. Written again, it goes to memory.
	ErrDisk = errors.New("the spool's disk")
)

// retryDisk is how long a disk in trouble is not asked again.
const retryDisk = time.Minute

// File is a complete file of the spool.
type File struct {
	Key    string
	Size   int64 // bytes
	Stored time.Time

	attempts int
	inMemory bool
	left     bool // by an earlier process
	sequence int  // order of completion
}

// store is where the bytes are. Its methods, and those of its sinks, are called one at a time, but Write where it is memory's.
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
	disk    store // nil until it is there
	added   chan struct{}

	mu       sync.Mutex // guards the stores and what follows
	spare    memory     // the store without a disk, or while that is in trouble
	trouble  error      // why files go to memory; nil while they do not
	since    time.Time  // when the disk was last tried in vain
	inMemory int64      // of bytes
	files    []File
	bytes    int64 // of files, and of those being written
	sequence int
	held     map[string]bool // events
}

func newSpool(s store, options Options) *Spool {
	spool := &Spool{options: options, spare: memory{}, added: make(chan struct{}, 1), held: map[string]bool{}}
	if s != nil {
		spool.disk = newTimed(s)
	}
	return spool
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

// Waiting is Len and Bytes, unless the disk holds up the spool: it waits for none.
func (s *Spool) Waiting() (files int, bytes int64, ok bool) {
	if !s.mu.TryLock() {
		return 0, 0, false
	}
	defer s.mu.Unlock()
	return len(s.waiting()), s.bytes, true
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

// Open opens a file for reading. One that an earlier process left and that is not whole is given up: the error is then
// fs.ErrNotExist, as for any that was given up meanwhile.
func (s *Spool) Open(f File) (io.ReadSeekCloser, error) {
	s.mu.Lock()
	body, err := s.storeOf(f.inMemory).open(f.Key)
	s.mu.Unlock()
	if errors.Is(err, fs.ErrNotExist) {
		// Gone though nobody has given it up: someone else has removed it. One that was given up is not there to be dropped again.
		s.giveUp(err, func(other File) bool { return other.Key == f.Key })
	}
	if err != nil || !f.left {
		return body, err
	}
	if err = checkWhole(f.Key, body); err == nil {
		_, err = body.Seek(0, io.SeekStart)
	}
	if err == nil {
		return body, nil
	}
	body.Close()
	if errors.Is(err, ErrBroken) {
		s.giveUp(err, func(other File) bool { return other.Key == f.Key })
		err = fmt.Errorf("%w: %w", err, fs.ErrNotExist)
	}
	return nil, err
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
	f = s.files[i]
	s.files = slices.Delete(s.files, i, i+1)
	s.release(f.Size, f.inMemory)
	return s.storeOf(f.inMemory).remove(f.Key)
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
func (s *Spool) reserve(n int64, event string, inMemory bool) error {
	for {
		s.mu.Lock()
		tooMany, tooMuchMemory := s.bytes+n > s.options.MaxBytes, inMemory && s.inMemory+n > s.options.MemoryBytes
		if !tooMany && !tooMuchMemory {
			s.release(-n, inMemory)
			s.mu.Unlock()
			return nil
		}
		bytes, most := s.bytes, s.options.MaxBytes
		if tooMuchMemory {
			bytes, most = s.inMemory, s.options.MemoryBytes
		}
		s.mu.Unlock()
		if !s.giveUpOldest(event, ErrRoom, func(f File) bool { return f.inMemory || !tooMuchMemory }) {
			return fmt.Errorf("%w: %d bytes wait for the target, %d are allowed", ErrRoom, bytes, most)
		}
	}
}

// release counts n bytes less.
func (s *Spool) release(n int64, inMemory bool) {
	s.bytes -= n
	if inMemory {
		s.inMemory -= n
	}
}

func (s *Spool) storeOf(inMemory bool) store {
	if inMemory {
		return s.spare
	}
	return s.disk
}

func onDiskOnly(f File) bool { return !f.inMemory }

// Trouble is why files go to memory; nil where they do not, or where memory is all there is.
func (s *Spool) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// setTrouble notes that the disk fails, or with nil that it works.
func (s *Spool) setTrouble(err error) {
	s.mu.Lock()
	changed := (s.trouble == nil) != (err == nil)
	s.trouble, s.since = err, time.Now()
	s.mu.Unlock()
	if changed {
		s.options.Trouble(err)
	}
}

// giveUpOldest gives up what matches of the oldest event for another, which is newer. It reports false if there is none.
func (s *Spool) giveUpOldest(event string, why error, matches func(File) bool) bool {
	s.mu.Lock()
	oldest := event
	for _, f := range s.files {
		if matches(f) {
			oldest = min(oldest, eventOf(f.Key))
		}
	}
	s.mu.Unlock()
	if oldest == event {
		return false
	}
	s.giveUp(why, func(f File) bool { return eventOf(f.Key) == oldest && matches(f) })
	return true
}

// full reports whether an error says that the disk has no room, though the spool might take more.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// add takes a complete file whose bytes are reserved.
func (s *Spool) add(f File) {
	s.sequence++
	f.sequence = s.sequence
	s.files = append(s.files, f)
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

	inMemory bool
	buffered []byte // not yet on the disk: a file is written in small pieces, each of which would be an operation
}

// Create starts a file: in memory while the disk is in trouble.
func (s *Spool) Create(key string) (*Writer, error) {
	for {
		s.mu.Lock()
		if s.disk == nil || s.trouble != nil && time.Since(s.since) < retryDisk {
			sink, err := s.spare.create(key)
			s.mu.Unlock()
			return &Writer{spool: s, sink: sink, key: key, inMemory: true}, err
		}
		sink, err := s.disk.create(key)
		s.mu.Unlock()
		switch {
		case err == nil:
			return &Writer{spool: s, sink: sink, key: key}, nil
		case full(err) && s.giveUpOldest(eventOf(key), err, onDiskOnly):
		case s.options.MemoryBytes > 0:
			s.setTrouble(err)
		default:
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
	most := w.spool.options.MaxFile
	if w.inMemory {
		most = w.spool.options.MemoryFile
	}
	if w.size+n > most {
		return fmt.Errorf("%w: over %d bytes", ErrTooLong, most)
	}
	if err := w.spool.reserve(n, eventOf(w.key), w.inMemory); err != nil {
		return err
	}
	w.size += n
	if w.inMemory {
		_, err := w.sink.Write(p)
		return err
	}
	if w.buffered = append(w.buffered, p...); len(w.buffered) < chunkSize {
		return nil
	}
	return w.flush()
}

// flush writes what is buffered to the disk. On a full one the oldest event goes first here too.
func (w *Writer) flush() error {
	for rest := w.buffered; len(rest) > 0; {
		n, err := w.sink.Write(rest)
		rest = rest[n:]
		if err != nil && (!full(err) || !w.spool.giveUpOldest(eventOf(w.key), err, onDiskOnly)) {
			return w.refused(err)
		}
	}
	w.buffered = w.buffered[:0]
	return nil
}

// refused notes that the disk did not take the file.
func (w *Writer) refused(err error) error {
	if w.inMemory || w.spool.options.MemoryBytes == 0 {
		return err
	}
	w.spool.setTrouble(err)
	return fmt.Errorf("%w: %w", ErrDisk, err)
}

// Err is why the spool did not take what was written; nil while it has.
func (w *Writer) Err() error { return w.err }

// Commit adds the file, unless a Write failed: then it is forgotten.
func (w *Writer) Commit() error {
	if w.err == nil {
		w.err = w.flush()
	}
	if w.err != nil {
		w.Discard()
		return w.err
	}
	if err := w.commit(); err != nil {
		return w.refused(err)
	}
	if !w.inMemory {
		w.spool.setTrouble(nil)
	}
	return nil
}

func (w *Writer) commit() error {
	w.spool.mu.Lock()
	defer w.spool.mu.Unlock()
	if err := w.sink.Commit(); err != nil {
		w.spool.release(w.size, w.inMemory)
		return err
	}
	w.spool.add(File{Key: w.key, Size: w.size, Stored: time.Now(), inMemory: w.inMemory})
	return nil
}

// Discard forgets the file.
func (w *Writer) Discard() {
	w.spool.mu.Lock()
	defer w.spool.mu.Unlock()
	w.sink.Discard()
	w.spool.release(w.size, w.inMemory)
}
