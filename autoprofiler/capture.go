package autoprofiler

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/spool"
)

// part is one file of a capture.
type part struct {
	name  string
	stage string
	write func(io.Writer) error
	cost  uint64 // bytes of memory that writing it takes, at most, about
	// instead is written where this one does not fit, nil for nothing.
	instead *part
}

// heapPart is the first file of every capture; the second is Meta.part.
var heapPart = part{name: "heap.pb.gz", stage: StageHeap, write: lookup("heap", 0)}

// Those of goroutines were measured with Go 1.26, see TestTheCostOfGoroutinesIsEstimated; the others are guesses on the safe side.
const (
	// A goroutine profile has a record of up to 128 frames for each goroutine, and takes at most 0.7 of the stacks in use.
	goroutineCost = 6 << 10
	// A dump as text is built in one buffer, which doubles, and takes 7.7 of the stacks in use where names of functions and files
	// have 60 bytes each.
	textCost = 2 << 20
	// The runtime's buffer of samples and its labels, which is read ten times a second.
	cpuCost = 2 << 20
	// A record of a mutex or block profile is like that of a goroutine.
	recordCost = 6 << 10
	// What a flight recorder holds unless it is told otherwise.
	traceCost = 10 << 20
	// What packs a trace: windows and tables of compress/flate.
	packCost = 2 << 20
)

// share is the part of the memory left that all files of a capture but heap.pb.gz and meta.json may take.
const share = 10

// goroutineProfileCost is what a profile of n goroutines takes, whose stacks take so many bytes.
func goroutineProfileCost(n int, stacks uint64) uint64 {
	return min(stacks/4*3, uint64(n)*goroutineCost)
}

// goroutineTextCost is what their dump as text takes.
func goroutineTextCost(stacks uint64) uint64 { return textCost + stacks*9 }

// stackBytes is the memory of goroutines' stacks: runtime.MemStats.StackInuse, without stopping the world.
func stackBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// capture makes a capture: it writes its files to the spool, from where they are uploaded while it goes on. The heap
// profile is the first: it is safe before anything is written that may not fit. Then what is left is looked at again, and
// meta.json says which files follow and which do not fit. The CPU profile follows in the background. An error says which
// files are missing.
func (p *Profiler) capture(now time.Time, c cause, reading Reading) (Meta, error) {
	meta := p.newMeta(now, c, reading)
	folder := meta.folder()
	var errs []error
	written := 0
	write := func(part part) {
		if err := p.guard(part.stage, func() error { return p.write(folder, part) }); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", part.name, err))
			return
		}
		written++
	}
	write(heapPart)
	// The heap profile has taken memory, and so has the service since.
	if again, err := p.read(); err == nil {
		reading = again
	}
	parts, omitted := p.affordable(p.parts(), reading)
	meta.Files, meta.Omitted = []string{heapPart.name}, omitted
	// Begun before meta.json names it, as the profiler can be in use.
	var cpu func()
	parts = slices.DeleteFunc(parts, func(part part) bool {
		if part.stage == StageCPU {
			cpu = p.startCPU(folder + "/" + part.name)
		}
		if part.stage != StageCPU || cpu != nil {
			meta.Files = append(meta.Files, part.name)
		}
		return part.stage == StageCPU
	})
	if cpu != nil {
		p.background.Go(cpu)
	}
	meta.SpoolTrouble = p.spoolTroubleText()
	write(meta.part())
	for _, part := range parts {
		write(part)
	}
	if written == 0 {
		return Meta{}, errors.Join(errs...)
	}
	p.dropStandby()
	p.previous = meta.Event
	p.observer.Captured(meta)
	p.config.Logger.Info("autoprofiler: captured", "event", meta.Event, "trigger", meta.Trigger,
		"value", meta.Value, "limit", meta.Limit, "files", folder, "omitted", len(meta.Omitted))
	return meta, errors.Join(errs...)
}

// standbyAge is how long a capture is held after memory has left the height at which it is replaced.
const standbyAge = time.Minute

// keepStandby makes a capture that is held in the spool, in place of the one before. It is uploaded only by the next process,
// after this one died: what memory looked like then is not known before. It is a heap profile and meta.json, as one may be
// made every few seconds.
func (p *Profiler) keepStandby(now time.Time, c cause, reading Reading) {
	if p.spool.Trouble() != nil {
		return // Memory dies with the process.
	}
	meta := p.newMeta(now, c, reading)
	meta.Standby, meta.Files = true, []string{heapPart.name}
	folder := meta.folder()
	p.spool.Hold(folder)
	for _, part := range []part{heapPart, meta.part()} {
		if err := p.guard(part.stage, func() error { return p.write(folder, part) }); err != nil {
			p.spool.Drop(folder) // The one before stays.
			return
		}
	}
	if p.spool.Trouble() != nil {
		p.spool.Drop(folder)
		return
	}
	p.dropStandby()
	p.standby, p.standbyAt = folder, now
	p.config.Logger.Debug("autoprofiler: on standby", "event", meta.Event, "value", meta.Value, "limit", meta.Limit, "files", folder)
}

// dropStandby removes the capture that is held: there is a better one, or none is needed.
func (p *Profiler) dropStandby() {
	if p.standby == "" {
		return
	}
	folder := p.standby
	p.standby = ""
	p.guard(StageSpool, func() error { return p.spool.Drop(folder) })
	p.observer.Spooled(p.spool.Bytes())
}

// parts are the files that follow heap.pb.gz and meta.json, the most telling first. The flight recorder's trace is the
// largest.
func (p *Profiler) parts() []part {
	goroutines, stacks := runtime.NumGoroutine(), stackBytes()
	parts := []part{{
		name: "goroutine.pb.gz", stage: StageGoroutine, write: lookup("goroutine", 0),
		cost: goroutineProfileCost(goroutines, stacks),
	}}
	if goroutines <= p.config.GoroutineText {
		parts = append(parts, part{
			name: "goroutine.txt.gz", stage: StageGoroutine, write: compressed(lookup("goroutine", 2)),
			cost: goroutineTextCost(stacks),
		})
	}
	for _, stage := range []string{StageMutex, StageBlock} {
		// Samples are there if the service has set a rate.
		if n := pprof.Lookup(stage).Count(); n > 0 {
			parts = append(parts, part{name: stage + ".pb.gz", stage: stage, write: lookup(stage, 0), cost: uint64(n) * recordCost})
		}
	}
	if recorder := p.config.FlightRecorder; recorder != nil && recorder.Enabled() {
		plain := part{name: "trace.out", stage: StageTrace, cost: p.traceCost(), write: func(w io.Writer) (err error) {
			p.lastTrace, err = recorder.WriteTo(w)
			return err
		}}
		// A third to a half of its size: where a spool in memory holds it, packing takes less than it saves.
		parts = append(parts, part{
			name: plain.name + ".gz", stage: StageTrace, write: compressed(plain.write), cost: plain.cost/2 + packCost, instead: &plain,
		})
	}
	if p.config.CPU > 0 {
		parts = append(parts, part{name: "cpu.pb.gz", stage: StageCPU, cost: cpuCost})
	}
	return parts
}

// traceCost is what a trace takes: it is held already, so only a spool in memory holds it again. The best guess is the
// size of the last one.
func (p *Profiler) traceCost() uint64 {
	switch {
	case p.config.SpoolDir != "" && p.spool.Trouble() == nil:
		return 0
	case p.lastTrace > 0:
		return uint64(p.lastTrace)
	}
	return traceCost
}

// affordable leaves out what does not fit: all parts together take no more than a tenth of the memory that is left, as a
// profile of a million goroutines must not be what ends the process.
func (p *Profiler) affordable(parts []part, reading Reading) (fit []part, omitted []Omitted) {
	room := (reading.Limit - min(reading.Limit, reading.top().Bytes)) / share
	for _, part := range parts {
		if part.cost > room && part.instead != nil {
			part = *part.instead
		}
		if part.cost <= room {
			room -= part.cost
			fit = append(fit, part)
			continue
		}
		omitted = append(omitted, Omitted{Name: part.name, EstimatedBytes: part.cost, Room: room})
		p.fail(part.stage, fmt.Errorf("%s is left out: it takes up to %d bytes, and a capture may take a tenth of the memory that is left: "+
			"%d bytes of that are free", part.name, part.cost, room))
	}
	return fit, omitted
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

func (p *Profiler) spoolTroubleText() string {
	if err := p.spool.Trouble(); err != nil {
		return err.Error()
	}
	return ""
}

// write puts a file into the spool. One that the disk did not take whole is written again, which is to memory.
func (p *Profiler) write(folder string, part part) error {
	err := p.writeOnce(folder, part)
	if errors.Is(err, spool.ErrDisk) {
		return p.writeOnce(folder, part)
	}
	return err
}

func (p *Profiler) writeOnce(folder string, part part) error {
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
	if !p.profilesCPU.CompareAndSwap(false, true) {
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
