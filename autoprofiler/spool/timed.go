package spool

import (
	"io"
	"sync/atomic"
	"time"
)

// diskTimeout is how long one operation of the disk may take: who writes a capture watches the memory too. A disk that takes
// longer is in trouble. On a machine with twice the work it can do, one took a second.
const diskTimeout = 2 * time.Second

// timed is a store whose operations, and those of its sinks, end in time: with ErrLate if the store is slower. The system lets
// go of none that hangs, so each has a goroutine, and while one is late all others fail at once.
type timed struct {
	store store
	turn  chan struct{} // held by the operation that runs
	late  atomic.Bool   // that one has been given up
}

func newTimed(s store) *timed { return &timed{store: s, turn: make(chan struct{}, 1)} }

// do runs an operation. undo is called with the error of one that ends after it was given up: what it has worked on is then
// nobody else's.
func (t *timed) do(operation func() error, undo func(error)) error {
	if t.late.Load() {
		return ErrLate
	}
	timer := time.NewTimer(diskTimeout)
	defer timer.Stop()
	select {
	case t.turn <- struct{}{}:
	case <-timer.C:
		return ErrLate
	}
	done, givenUp := make(chan error), make(chan struct{})
	go func() {
		defer func() { <-t.turn }()
		err := operation()
		select {
		case done <- err:
		case <-givenUp:
			undo(err)
			t.late.Store(false)
		}
	}()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		t.late.Store(true)
		close(givenUp)
		return ErrLate
	}
}

func (t *timed) create(key string) (sink, error) {
	var created sink
	err := t.do(func() (err error) {
		created, err = t.store.create(key)
		return err
	}, func(err error) {
		if err == nil {
			created.Discard()
		}
	})
	if err != nil {
		return nil, err
	}
	return &timedSink{t, created, key}, nil
}

func (t *timed) open(key string) (io.ReadSeekCloser, error) {
	var opened io.ReadSeekCloser
	err := t.do(func() (err error) {
		opened, err = t.store.open(key)
		return err
	}, func(err error) {
		if err == nil {
			opened.Close()
		}
	})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

func (t *timed) remove(key string) error {
	return t.do(func() error { return t.store.remove(key) }, func(error) {})
}

type timedSink struct {
	timed *timed
	sink  sink
	key   string
}

// Write keeps p until the operation ends, which after ErrLate is later.
func (s *timedSink) Write(p []byte) (n int, err error) {
	var written int
	err = s.timed.do(func() (err error) {
		written, err = s.sink.Write(p)
		return err
	}, func(error) { s.sink.Discard() })
	if err == ErrLate {
		return 0, err
	}
	return written, err
}

// Commit leaves nothing if it is late: the file goes to memory.
func (s *timedSink) Commit() error {
	return s.timed.do(s.sink.Commit, func(error) { s.timed.store.remove(s.key) })
}

func (s *timedSink) Discard() {
	s.timed.do(func() error {
		s.sink.Discard()
		return nil
	}, func(error) {})
}
