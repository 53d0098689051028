package autoprofiler

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/key"
)

// Meta is meta.json, the file of a capture that follows heap.pb.gz. Sizes are in bytes. Fields of later versions of this schema are added,
// never changed.
type Meta struct {
	Schema   int       `json:"schema"` // 1
	Event    string    `json:"event"`  // what the keys of the capture's files share
	Time     time.Time `json:"time"`
	Service  string    `json:"service"`
	Instance string    `json:"instance"`
	Version  string    `json:"version"` // of the service

	Trigger       string  `json:"trigger"`
	Reason        string  `json:"reason,omitzero"` // given to Profiler.Capture, or to the gateway
	Signal        string  `json:"signal"`          // what Value measures: heap, cgroup or rss
	Value         uint64  `json:"value"`
	Limit         uint64  `json:"limit"`
	LimitSource   string  `json:"limit_source"`
	Rung          float64 `json:"rung,omitzero"`           // the highest rung passed, a share of the limit
	PreviousEvent string  `json:"previous_event,omitzero"` // of the same process
	// Standby says that the capture waited on disk for the case that the process dies, and that it did.
	Standby bool `json:"standby,omitzero"`
	// SpoolTrouble is why the capture waited in memory, though there is a Config.SpoolDir.
	SpoolTrouble string `json:"spool_trouble,omitzero"`

	// Files are those of the capture beside this one. A capture without one of them is not complete: it is still being
	// uploaded, or the process has died, or it failed and was counted.
	Files []string `json:"files"`
	// Omitted are those that were not written because the memory left might not have been enough.
	Omitted []Omitted `json:"omitted,omitempty"`
	// Failed are those that the gateway could not read of the process.
	Failed []Failed `json:"failed,omitempty"`
	// Alert is what made the gateway capture.
	Alert *MetaAlert `json:"alert,omitempty"`

	// The gateway has of these what the process tells it.
	Memory   MetaMemory   `json:"memory,omitzero"`
	MemStats MetaMemStats `json:"memstats,omitzero"`
	Cgroup   *MetaCgroup  `json:"cgroup,omitempty"`
	Runtime  MetaRuntime  `json:"runtime,omitzero"`
}

// Failed is a file that a capture has not, or not whole.
type Failed struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// MetaAlert is the alert that fired.
type MetaAlert struct {
	Name        string    `json:"name"`
	Start       time.Time `json:"start"`
	Fingerprint string    `json:"fingerprint,omitzero"`
}

// Omitted is a file that a capture has not.
type Omitted struct {
	Name           string `json:"name"`
	EstimatedBytes uint64 `json:"estimated_bytes"` // of memory that writing it could take
	// Room is what it might have taken: a tenth of what the limit left, less the estimates of the files that are written.
	Room uint64 `json:"room"`
}

// MetaMemory leads from what the system counts down to what a heap profile can explain.
type MetaMemory struct {
	Heap     uint64 `json:"heap"` // held by the Go runtime: /memory/classes/total less heap/released
	RSS      uint64 `json:"rss"`  // resident, as the following four; 0 where the system does not say
	RSSPeak  uint64 `json:"rss_peak"`
	RSSAnon  uint64 `json:"rss_anon"`
	RSSFile  uint64 `json:"rss_file"`
	RSSShmem uint64 `json:"rss_shmem"`
	Swap     uint64 `json:"swap"`
}

// MetaMemStats is what runtime.MemStats says, under its names. The heap profile is as of LastGC.
type MetaMemStats struct {
	Sys           uint64    `json:"sys"`
	HeapAlloc     uint64    `json:"heap_alloc"`
	HeapSys       uint64    `json:"heap_sys"`
	HeapIdle      uint64    `json:"heap_idle"`
	HeapInuse     uint64    `json:"heap_inuse"`
	HeapReleased  uint64    `json:"heap_released"`
	HeapObjects   uint64    `json:"heap_objects"` // a number
	StackInuse    uint64    `json:"stack_inuse"`
	StackSys      uint64    `json:"stack_sys"`
	MSpanInuse    uint64    `json:"mspan_inuse"`
	MSpanSys      uint64    `json:"mspan_sys"`
	MCacheInuse   uint64    `json:"mcache_inuse"`
	MCacheSys     uint64    `json:"mcache_sys"`
	BuckHashSys   uint64    `json:"buck_hash_sys"`
	GCSys         uint64    `json:"gc_sys"`
	OtherSys      uint64    `json:"other_sys"`
	TotalAlloc    uint64    `json:"total_alloc"`
	Mallocs       uint64    `json:"mallocs"` // numbers
	Frees         uint64    `json:"frees"`
	NextGC        uint64    `json:"next_gc"`
	LastGC        time.Time `json:"last_gc,omitzero"`
	NumGC         uint32    `json:"num_gc"`
	NumForcedGC   uint32    `json:"num_forced_gc"`
	PauseTotalNs  uint64    `json:"pause_total_ns"`
	GCCPUFraction float64   `json:"gc_cpu_fraction"`
}

// MetaCgroup is the cgroup that has the limit, or the innermost one.
type MetaCgroup struct {
	Version      int    `json:"version"` // 1 or 2
	Path         string `json:"path"`
	Current      uint64 `json:"current"`
	Max          uint64 `json:"max"` // 0 without a limit
	WorkingSet   uint64 `json:"working_set"`
	InactiveFile uint64 `json:"inactive_file"`
	Anon         uint64 `json:"anon"`
	File         uint64 `json:"file"`
}

// MetaRuntime is what decides how Go uses memory.
type MetaRuntime struct {
	GoVersion      string    `json:"go_version"`
	GOOS           string    `json:"goos"`
	GOARCH         string    `json:"goarch"`
	GOGC           int64     `json:"gogc"`       // percent; -1 when off
	GOMEMLIMIT     uint64    `json:"gomemlimit"` // 0 without one
	GOMAXPROCS     int       `json:"gomaxprocs"`
	NumCPU         int       `json:"num_cpu"`
	NumGoroutine   int       `json:"num_goroutine"`
	MemProfileRate int       `json:"mem_profile_rate"` // bytes per sample of the heap profile
	PID            int       `json:"pid"`
	ProcessStart   time.Time `json:"process_start"`
}

// processStart is when Go initialised this package.
var processStart = time.Now()

// cause is why a capture is made.
type cause struct {
	trigger string
	signal  Signal
	rung    float64
	reason  string
}

// newMeta describes a capture that is about to be made.
func (p *Profiler) newMeta(now time.Time, c cause, reading Reading) Meta {
	m := Meta{
		Schema:        1,
		Event:         key.NewID(),
		Time:          now.UTC().Truncate(time.Millisecond), // as in the key
		Service:       p.config.Service,
		Instance:      p.config.Instance,
		Version:       p.config.Version,
		Trigger:       c.trigger,
		Reason:        c.reason,
		Signal:        c.signal.Name,
		Value:         c.signal.Bytes,
		Limit:         reading.Limit,
		LimitSource:   reading.LimitSource,
		Rung:          c.rung,
		PreviousEvent: p.previous,
		MemStats:      readMemStats(),
		Runtime:       readRuntime(),
	}
	process := p.memory.Process()
	m.Memory = MetaMemory{
		RSS: process.RSS, RSSPeak: process.Peak,
		RSSAnon: process.Anon, RSSFile: process.File, RSSShmem: process.Shmem, Swap: process.Swap,
	}
	for _, s := range reading.Signals {
		if s.Name == SignalHeap {
			m.Memory.Heap = s.Bytes
		}
	}
	cgroup, err := p.memory.Cgroup()
	if err != nil {
		p.fail(StageMemory, err)
	}
	if cgroup.Version > 0 {
		m.Cgroup = &MetaCgroup{
			Version: cgroup.Version, Path: cgroup.Path, Current: cgroup.Current, Max: cgroup.Max,
			WorkingSet: cgroup.WorkingSet, InactiveFile: cgroup.InactiveFile, Anon: cgroup.Anon, File: cgroup.File,
		}
	}
	return m
}

func (m Meta) folder() string {
	return key.Event{
		Service: m.Service, Time: m.Time, ID: m.Event, Trigger: m.Trigger,
		Value: m.Value, Limit: m.Limit, Instance: m.Instance, Version: m.Version,
	}.Folder()
}

func (m Meta) part() part { return part{name: "meta.json", stage: StageMeta, write: m.write} }

func (m Meta) write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(m)
}

func readMemStats() MetaMemStats {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m := MetaMemStats{
		Sys: s.Sys, HeapAlloc: s.HeapAlloc, HeapSys: s.HeapSys, HeapIdle: s.HeapIdle, HeapInuse: s.HeapInuse,
		HeapReleased: s.HeapReleased, HeapObjects: s.HeapObjects, StackInuse: s.StackInuse, StackSys: s.StackSys,
		MSpanInuse: s.MSpanInuse, MSpanSys: s.MSpanSys, MCacheInuse: s.MCacheInuse, MCacheSys: s.MCacheSys,
		BuckHashSys: s.BuckHashSys, GCSys: s.GCSys, OtherSys: s.OtherSys,
		TotalAlloc: s.TotalAlloc, Mallocs: s.Mallocs, Frees: s.Frees,
		NextGC: s.NextGC, NumGC: s.NumGC, NumForcedGC: s.NumForcedGC, PauseTotalNs: s.PauseTotalNs,
		GCCPUFraction: s.GCCPUFraction,
	}
	if s.LastGC > 0 {
		m.LastGC = time.Unix(0, int64(s.LastGC)).UTC()
	}
	return m
}

func readRuntime() MetaRuntime {
	// Read, not set: the functions that set GOGC can only return it by changing it.
	gogc := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(gogc)
	m := MetaRuntime{
		GoVersion:      runtime.Version(),
		GOOS:           runtime.GOOS,
		GOARCH:         runtime.GOARCH,
		GOGC:           -1,
		GOMAXPROCS:     runtime.GOMAXPROCS(0),
		NumCPU:         runtime.NumCPU(),
		NumGoroutine:   runtime.NumGoroutine(),
		MemProfileRate: runtime.MemProfileRate,
		PID:            os.Getpid(),
		ProcessStart:   processStart.UTC(),
	}
	if percent := gogc[0].Value.Uint64(); percent < math.MaxUint64 {
		m.GOGC = int64(percent)
	}
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		m.GOMEMLIMIT = uint64(limit)
	}
	return m
}
