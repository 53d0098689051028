package autoprofiler

import "fmt"

// Triggers: why a capture was made. They stand in its key, and label the metrics.
const (
	TriggerHeap     = "heap-ratio"   // memory of the Go runtime passed a rung
	TriggerCgroup   = "cgroup-ratio" // the working set of the container passed a rung
	TriggerRSS      = "rss-ratio"    // the resident set of the process passed a rung
	TriggerForecast = "forecast"     // at its present speed, memory reaches the limit before the next look
	TriggerGrowth   = "growth"       // memory has grown by Config.Growth since the last capture
	TriggerInterval = "interval"     // Config.Period has passed
	TriggerManual   = "manual"       // Profiler.Capture was called
)

// Stages: what failed. Those named after a profile say that a capture lacks it.
const (
	StageMemory    = "memory"     // a look at memory
	StageRateLimit = "rate-limit" // a rung was passed, but Config.MaxPerHour captures were made in this hour
	StageMeta      = "meta"
	StageHeap      = "heap"
	StageGoroutine = "goroutine"
	StageMutex     = "mutex"
	StageBlock     = "block"
	StageTrace     = "trace"
	StageCPU       = "cpu"
	StageUpload    = "upload" // one try, or that it does not end; the file stays in the spool
	StageSpool     = "spool"  // a file is lost: too old, or given up for newer ones; or Config.SpoolDir takes none, once
	StageLog       = "log"    // the Logger panicked; the message may be lost
)

// Signals: what is compared with the limit.
const (
	SignalHeap   = "heap"   // bytes the Go runtime holds of the system, the measure that GOMEMLIMIT limits
	SignalCgroup = "cgroup" // working set of the cgroup that the limit is of: memory in use less inactive file pages
	SignalRSS    = "rss"    // resident set of the process, where the limit is not a cgroup's
)

// Reading is one look at memory.
type Reading struct {
	// Signals are SignalHeap and, where the system says it, SignalCgroup or SignalRSS. The slice is used again: copy what
	// you keep.
	Signals []Signal
	// Limit is what they are compared with, in bytes; 0 where it is not known.
	Limit uint64
	// LimitSource is where Limit comes from: "config", "cgroup v1", "cgroup v2", "GOMEMLIMIT" or "machine".
	LimitSource string
}

// Signal is one measure of memory in use.
type Signal struct {
	Name  string
	Bytes uint64
}

// top is the signal closest to the limit.
func (r Reading) top() Signal {
	var top Signal
	for _, s := range r.Signals {
		if s.Bytes >= top.Bytes {
			top = s
		}
	}
	return top
}

// Observer is told what a Profiler does. Its methods are called from the profiler's goroutines, some at the same time, and
// must return soon.
type Observer interface {
	// Memory is called at each look at memory.
	Memory(Reading)
	// Captured is called when a capture is made. Its files may still be on their way to the target.
	Captured(Meta)
	// Failed is called for each failure, with its stage. The profiler goes on.
	Failed(stage string, err error)
	// Spooled is called with the bytes that wait for the target when they may have changed.
	Spooled(bytes int64)
}

type noObserver struct{}

func (noObserver) Memory(Reading)       {}
func (noObserver) Captured(Meta)        {}
func (noObserver) Failed(string, error) {}
func (noObserver) Spooled(int64)        {}

// carefulObserver survives a panic of the Observer it calls.
type carefulObserver struct {
	observer Observer
	panicked func(error)
}

func (o carefulObserver) Memory(r Reading) {
	defer o.recover()
	o.observer.Memory(r)
}

func (o carefulObserver) Captured(m Meta) {
	defer o.recover()
	o.observer.Captured(m)
}

func (o carefulObserver) Failed(stage string, err error) {
	defer o.recover()
	o.observer.Failed(stage, err)
}

func (o carefulObserver) Spooled(bytes int64) {
	defer o.recover()
	o.observer.Spooled(bytes)
}

func (o carefulObserver) recover() {
	if r := recover(); r != nil {
		o.panicked(fmt.Errorf("panic of the Observer: %v", r))
	}
}
