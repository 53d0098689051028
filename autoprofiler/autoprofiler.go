// Package autoprofiler captures profiles of the service it runs in when memory nears its limit, and uploads them to a
// bucket before the process dies. Two lines start it:
//
//	profiler, err := autoprofiler.Start(autoprofiler.Config{Service: "ingester", Target: target})
//	defer profiler.Stop()
//
// It looks at memory once a second, which costs some microseconds and no allocation, and compares what the Go runtime
// holds and the working set of the container with the limit. A capture is made when one of them passes a rung of a ladder
// (70, 80, 90, 95 % of the limit), when it is about to reach the limit, or when it has grown by a tenth of the limit since
// the last capture.
//
// A capture is a bundle of files under one event id: a heap profile, meta.json, which says why and what the numbers
// were, a goroutine profile where it fits into the memory left, and on request CPU profile and execution trace. Their keys are those of the default key layout of
// Pprof Lens, the Grafana data source that shows them.
//
// It never blocks the service nor ends it: its panics and those of targets, observers and loggers are recovered, its
// memory is bounded, and what cannot be uploaded waits in a spool.
package autoprofiler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/internal/ladder"
	"github.com/pproflens/pproflens/autoprofiler/internal/memory"
	"github.com/pproflens/pproflens/autoprofiler/spool"
)

// ErrStopped is returned by Capture after Stop.
var ErrStopped = errors.New("autoprofiler: stopped")

// Profiler watches the process it runs in. Start makes one. A nil Profiler does nothing, so that a service can go on
// when Start fails.
type Profiler struct {
	config   Config
	observer Observer
	failures throttle
	spool    *spool.Spool

	// Of the goroutine that watches.
	memory    memoryReader
	ladder    *ladder.Ladder
	signals   []Signal
	readings  []ladder.Reading
	heap      uint64 // at the last look
	limit     uint64
	previous  string // event of the last capture
	lastTrace int64  // its bytes; 0 without one
	standby   string // folder of the capture that is held; none: ""
	standbyAt time.Time

	requests    chan request
	profilesCPU atomic.Bool

	quit         chan struct{} // closed: look and capture no more
	drain        chan struct{} // closed: nothing more comes into the spool
	stop         func()        // once
	cancelUpload context.CancelFunc
	watching     sync.WaitGroup
	background   sync.WaitGroup // CPU profiles
	uploading    sync.WaitGroup
}

// memoryReader is memory.Reader, or a test's.
type memoryReader interface {
	Read() (memory.Usage, error)
	Heap() uint64
	Cgroup() (memory.Cgroup, error)
	Process() memory.Process
	Close()
}

// request asks the watching goroutine for a capture.
type request struct {
	reason string
	done   chan<- result
}

type result struct {
	event string
	err   error
}

// Start starts to watch the process. The error says everything that is wrong with the config.
func Start(config Config) (*Profiler, error) {
	reader := memory.New("/", config.Limit)
	p, err := start(config, reader)
	if err != nil {
		reader.Close()
	}
	return p, err
}

func start(config Config, reader memoryReader) (*Profiler, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	p := &Profiler{
		config:   config,
		memory:   reader,
		ladder:   config.newLadder(),
		requests: make(chan request),
		quit:     make(chan struct{}),
		drain:    make(chan struct{}),
	}
	p.observer = carefulObserver{config.Observer, p.observerPanicked}
	p.config.Logger = slog.New(carefulHandler{config.Logger.Handler(), p.loggerPanicked})
	usage, err := reader.Read()
	if usage.Limit == 0 {
		return nil, errors.Join(errors.New("autoprofiler: the memory limit is not known: "+
			"expected that of a cgroup, GOMEMLIMIT or /proc/meminfo; set Config.Limit"), err)
	}
	if p.spool, err = config.newSpool(p.dropped, p.spoolTrouble); err != nil {
		return nil, err
	}
	stopRecorder, err := startRecorder(config.FlightRecorder)
	if err != nil {
		return nil, err
	}
	p.stop = sync.OnceFunc(func() {
		p.shutDown()
		stopRecorder()
	})
	p.run(usage)
	return p, nil
}

// startRecorder starts a flight recorder unless it runs, and returns what stops it again.
func startRecorder(recorder *trace.FlightRecorder) (stop func(), err error) {
	if recorder == nil || recorder.Enabled() {
		return func() {}, nil
	}
	if err := recorder.Start(); err != nil {
		return nil, fmt.Errorf("autoprofiler: Config.FlightRecorder does not start: expected it to be the only one of the process: %w", err)
	}
	return recorder.Stop, nil
}

// run starts the goroutines.
func (p *Profiler) run(usage memory.Usage) {
	if n := p.spool.Len(); n > 0 {
		p.config.Logger.Info("autoprofiler: found captures of an earlier process", "files", n, "bytes", p.spool.Bytes())
	}
	p.config.Logger.Info("autoprofiler: watching", "limit", usage.Limit, "source", string(usage.Source), "heap", usage.Heap)
	uploads, cancel := context.WithCancel(context.Background())
	p.cancelUpload = cancel
	p.watching.Go(func() { labelled("watch", p.watch) })
	p.uploading.Go(func() { labelled("upload", func() { p.upload(uploads) }) })
}

// labelled runs f under a label that tells our samples from the service's in its own profiles.
func labelled(name string, f func()) {
	pprof.Do(context.Background(), pprof.Labels("autoprofiler", name), func(context.Context) { f() })
}

// Stop ends the watch, and a CPU profile that runs, and waits for captures to be uploaded, at most Config.StopTimeout.
// What is not uploaded by then stays in Config.SpoolDir; without one it is lost. It may be called more than once.
func (p *Profiler) Stop() {
	if p != nil {
		p.stop()
	}
}

func (p *Profiler) shutDown() {
	close(p.quit)
	done := make(chan struct{})
	go func() {
		p.watching.Wait()
		p.background.Wait()
		close(p.drain)
		p.uploading.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(p.config.StopTimeout):
		files, bytes, ok := p.spool.Waiting()
		if ok {
			p.config.Logger.Warn("autoprofiler: stopped before all captures were uploaded", "files", files,
				"bytes", bytes, "spool", p.config.SpoolDir)
		} else {
			p.config.Logger.Warn("autoprofiler: stopped while the spool is in use; look for a mount that hangs", "spool", p.config.SpoolDir)
		}
	}
	p.cancelUpload()
}

// Capture makes a capture now and returns its event id, which is part of its keys. The reason, of which meta.json keeps
// up to 1,000 bytes, is for who reads it. The files are then in the spool, on their way to the target; an error beside an
// id says which are missing. Captures made this way do not count towards Config.MaxPerHour.
func (p *Profiler) Capture(ctx context.Context, reason string) (event string, err error) {
	if p == nil {
		return "", ErrStopped
	}
	done := make(chan result, 1)
	select {
	case p.requests <- request{strings.ToValidUTF8(reason[:min(len(reason), 1000)], ""), done}:
	case <-p.quit:
		return "", ErrStopped
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	select {
	case r := <-done:
		return r.event, r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// watch looks at memory until the profiler is stopped.
func (p *Profiler) watch() {
	defer p.memory.Close()
	defer p.dropStandby() // The process lives on, or ends as it should.
	var period <-chan time.Time
	if p.config.Period > 0 {
		ticker := time.NewTicker(p.config.Period)
		defer ticker.Stop()
		period = ticker.C
	}
	glance := max(p.config.Interval/glances, 10*time.Millisecond)
	var next time.Time // look
	look := p.look     // a method value is an allocation: one for all looks
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-timer.C:
			if now := time.Now(); now.Before(next) && !p.leapt() {
				timer.Reset(min(glance, next.Sub(now)))
				continue
			}
			p.guard(StageMemory, look)
			pace := p.ladder.Pace(p.config.Interval)
			next = time.Now().Add(pace)
			timer.Reset(min(glance, pace))
		case <-period:
			p.captureNow(TriggerInterval, "")
		case r := <-p.requests:
			event, err := p.captureNow(TriggerManual, r.reason)
			r.done <- result{event, err}
		}
	}
}

// Between two looks the heap is glanced at so often. The runtime counts an allocation when it is made, and a large one takes
// the kernel some tenths of a second to fill with pages: time for a capture, if it is seen at once.
const glances = 50

// leap is the share of the limit by which the heap must have grown since the last look for a look at once.
const leap = 0.05

// leapt reports whether the heap is above the lowest rung and has grown too much to wait for the next look.
func (p *Profiler) leapt() bool {
	heap, limit := p.memory.Heap(), float64(p.limit)
	return heap > p.heap && float64(heap-p.heap) >= leap*limit && float64(heap) >= p.config.Rungs[0]*limit
}

// look reads memory and makes a capture when one is due.
func (p *Profiler) look() error {
	now := time.Now()
	reading, err := p.read()
	p.observer.Memory(reading)
	switch d := p.ladder.Decide(now, reading.Limit, p.readings...); d.Reason {
	case ladder.Ratio:
		p.capture(now, cause{trigger: ratioTriggers[d.Signal], signal: Signal{d.Signal, d.Value}, rung: d.Rung}, reading)
	case ladder.Forecast:
		p.capture(now, cause{trigger: TriggerForecast, signal: Signal{d.Signal, d.Value}}, reading)
	case ladder.Growth:
		p.capture(now, cause{trigger: TriggerGrowth, signal: Signal{d.Signal, d.Value}}, reading)
	case ladder.Standby:
		p.keepStandby(now, cause{trigger: ratioTriggers[d.Signal], signal: Signal{d.Signal, d.Value}, rung: d.Rung}, reading)
	case ladder.Held:
		p.fail(StageRateLimit, fmt.Errorf("%s is at %d of %d bytes, but %d captures were made within an hour (Config.MaxPerHour)",
			d.Signal, d.Value, reading.Limit, p.config.MaxPerHour))
	}
	if now.Sub(p.standbyAt) > standbyAge {
		p.dropStandby()
	}
	return err
}

var ratioTriggers = map[string]string{
	SignalHeap:   TriggerHeap,
	SignalCgroup: TriggerCgroup,
	SignalRSS:    TriggerRSS,
}

// captureNow makes a capture that memory did not ask for.
func (p *Profiler) captureNow(trigger, reason string) (event string, err error) {
	var captureErr error // reported file by file
	err = p.guard(StageMemory, func() error {
		now := time.Now()
		reading, err := p.read()
		var meta Meta
		meta, captureErr = p.capture(now, cause{trigger: trigger, signal: reading.top(), reason: reason}, reading)
		p.ladder.Captured(now, reading.Limit, p.readings...)
		event = meta.Event
		return err
	})
	return event, errors.Join(captureErr, err)
}

// read takes a look. The reading is valid until the next.
func (p *Profiler) read() (Reading, error) {
	usage, err := p.memory.Read()
	p.heap, p.limit = usage.Heap, usage.Limit
	p.signals = append(p.signals[:0], Signal{SignalHeap, usage.Heap})
	if usage.WorkingSet > 0 {
		p.signals = append(p.signals, Signal{SignalCgroup, usage.WorkingSet})
	} else if usage.RSS > 0 {
		p.signals = append(p.signals, Signal{SignalRSS, usage.RSS})
	}
	p.readings = p.readings[:0]
	for _, s := range p.signals {
		p.readings = append(p.readings, ladder.Reading{Signal: s.Name, Value: s.Bytes})
	}
	return Reading{p.signals, usage.Limit, string(usage.Source)}, err
}

// guard runs f, and reports its error or panic: none of ours, nor of a target, may end the service.
func (p *Profiler) guard(stage string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
		if err != nil {
			p.fail(stage, err)
		}
	}()
	return f()
}

// fail reports a failure.
func (p *Profiler) fail(stage string, err error) {
	p.observer.Failed(stage, err)
	p.logFailure(stage, err)
}

// observerPanicked cannot tell the Observer: it only logs.
func (p *Profiler) observerPanicked(err error) { p.logFailure("observer", err) }

// loggerPanicked cannot tell the Logger: it only counts. Where both panic, the throttle of logFailure ends the circle.
func (p *Profiler) loggerPanicked(err error) { p.observer.Failed(StageLog, err) }

func (p *Profiler) logFailure(stage string, err error) {
	if unsaid, ok := p.failures.allow(stage, time.Now()); ok {
		p.config.Logger.Warn("autoprofiler: failed", "stage", stage, "error", err, "unlogged", unsaid)
	}
}

// throttle lets one message of a kind through a minute.
type throttle struct {
	mu    sync.Mutex
	kinds map[string]*kind
}

type kind struct {
	last   time.Time
	unsaid int
}

// allow also returns how many were held back since the last one.
func (t *throttle) allow(name string, now time.Time) (unsaid int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kinds == nil {
		t.kinds = map[string]*kind{}
	}
	k := t.kinds[name]
	if k == nil {
		k = &kind{}
		t.kinds[name] = k
	}
	if !k.last.IsZero() && now.Sub(k.last) < time.Minute {
		k.unsaid++
		return 0, false
	}
	unsaid, k.last, k.unsaid = k.unsaid, now, 0
	return unsaid, true
}
