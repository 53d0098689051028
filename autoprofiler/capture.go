package autoprofiler

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

// part is one file of a capture.
type part struct {
	name  string
	stage string
	write func(io.Writer) error
	cost  uint64 // bytes of memory that writing it takes, about, where that can be much
}

// Measured: a goroutine profile takes 0.8 KiB for each goroutine, with stacks of 14 calls; a dump as text is built in a
// buffer of 1 MiB, which doubles, and compressed.
const (
	profileCost = 1 << 10
	textCost    = 4 << 20
)

// capture makes a capture: it writes its files to the spool, from where they are uploaded while it goes on. The CPU
// profile follows in the background. An error says which files are missing.
func (p *Profiler) capture(now time.Time, c cause, reading Reading) (Meta, error) {
	meta := p.newMeta(now, c, reading)
	folder := meta.folder()
	parts := p.affordable(p.parts(), reading)
	// Begun before meta.json names it, as the profiler can be in use.
	cpu := p.startCPU(folder + "/cpu.pb.gz")
	for _, part := range parts {
		meta.Files = append(meta.Files, part.name)
	}
	if cpu != nil {
		meta.Files = append(meta.Files, "cpu.pb.gz")
		p.background.Go(cpu)
	}
	parts = slices.Insert(parts, 0, part{name: "meta.json", stage: StageMeta, write: meta.write})
	var errs []error
	for _, part := range parts {
		if err := p.guard(part.stage, func() error { return p.write(folder, part) }); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", part.name, err))
		}
	}
	if len(errs) == len(parts) {
		return Meta{}, errors.Join(errs...)
	}
	p.previous = meta.Event
	p.observer.Captured(meta)
	p.config.Logger.Info("autoprofiler: captured", "event", meta.Event, "trigger", meta.Trigger,
		"value", meta.Value, "limit", meta.Limit, "files", folder)
	return meta, errors.Join(errs...)
}

// parts are the files that can be written at once, the most telling first. The flight recorder's trace is the largest.
func (p *Profiler) parts() []part {
	goroutines := runtime.NumGoroutine()
	parts := []part{
		{name: "heap.pb.gz", stage: StageHeap, write: lookup("heap", 0)},
		{name: "goroutine.pb.gz", stage: StageGoroutine, write: lookup("goroutine", 0), cost: uint64(goroutines) * profileCost},
	}
	if goroutines <= p.config.GoroutineText {
		parts = append(parts, part{name: "goroutine.txt.gz", stage: StageGoroutine, write: compressed(lookup("goroutine", 2)), cost: textCost})
	}
	for _, stage := range []string{StageMutex, StageBlock} {
		// Samples are there if the service has set a rate.
		if pprof.Lookup(stage).Count() > 0 {
			parts = append(parts, part{name: stage + ".pb.gz", stage: stage, write: lookup(stage, 0)})
		}
	}
	if recorder := p.config.FlightRecorder; recorder != nil && recorder.Enabled() {
		parts = append(parts, part{name: "trace.out", stage: StageTrace, write: func(w io.Writer) error {
			_, err := recorder.WriteTo(w)
			return err
		}})
	}
	return parts
}

// affordable leaves out what would take more than half of the memory that is left: a goroutine profile of a million
// goroutines must not be what ends the process.
func (p *Profiler) affordable(parts []part, reading Reading) []part {
	room := reading.Limit - min(reading.Limit, reading.top().Bytes)
	return slices.DeleteFunc(parts, func(part part) bool {
		if part.cost <= room/2 {
			return false
		}
		p.fail(part.stage, fmt.Errorf("%s is left out: it takes about %d bytes and %d are left", part.name, part.cost, room))
		return true
	})
}

// lookup writes one of runtime/pprof's profiles. No garbage collection is forced: it would change what is observed, and
// take time that may not be left. The heap profile is therefore as of the last one, whose time meta.json has.
func lookup(name string, debug int) func(io.Writer) error {
	return func(w io.Writer) error { return pprof.Lookup(name).WriteTo(w, debug) }
}

func compressed(write func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		z := gzip.NewWriter(w)
		return errors.Join(write(z), z.Close())
	}
}

// write puts a file into the spool.
func (p *Profiler) write(folder string, part part) error {
	w, err := p.spool.Create(folder + "/" + part.name)
	if err != nil {
		return err
	}
	complete := false
	defer func() {
		if !complete {
			w.Discard()
		}
	}()
	if err := part.write(w); err != nil {
		return err
	}
	complete = true
	err = w.Commit()
	p.observer.Spooled(p.spool.Bytes())
	return err
}

// startCPU begins a CPU profile and returns what ends it after Config.CPU; nil if there is none to be had. While the
// profile of an earlier capture runs, that one covers this moment too.
func (p *Profiler) startCPU(key string) (finish func()) {
	if p.config.CPU == 0 || !p.profilesCPU.CompareAndSwap(false, true) {
		return nil
	}
	w, err := p.spool.Create(key)
	if err == nil {
		if err = pprof.StartCPUProfile(w); err != nil {
			w.Discard()
		}
	}
	if err != nil {
		p.profilesCPU.Store(false)
		p.fail(StageCPU, err)
		return nil
	}
	return func() {
		defer p.profilesCPU.Store(false)
		select {
		case <-time.After(p.config.CPU):
		case <-p.quit:
		}
		p.guard(StageCPU, func() error {
			pprof.StopCPUProfile()
			return w.Commit()
		})
		p.observer.Spooled(p.spool.Bytes())
	}
}
