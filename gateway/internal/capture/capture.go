package capture

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/key"
	"github.com/pproflens/pproflens/autoprofiler/spool"
	"github.com/pproflens/pproflens/gateway/internal/targets"
)

// Triggers of captures, in keys and in meta.json.
const (
	TriggerManual   = "manual"
	TriggerAlert    = "alert"
	TriggerInterval = "interval"
)

// Store takes files whole, or not at all.
type Store interface {
	Put(ctx context.Context, key string, body io.Reader) error
}

// Capturer makes captures. Use New.
type Capturer struct {
	config  Config
	targets *targets.Set
	store   Store
	logger  *slog.Logger
	metrics *Metrics
	fetcher *fetcher
	spool   *spool.Spool
	lock    *os.File // of the spool's folder
	events  *history
	turn    chan struct{}
	work    sync.WaitGroup
	// starting are captures that were let in and are not among the work yet: that may not be waited for while it grows from nothing.
	starting sync.WaitGroup

	mu       sync.Mutex
	active   map[slot]string      // event by what it takes up
	alone    map[string]chan bool // by target: held by a profile of which a process makes one at a time
	waiting  int                  // captures that are active or wait
	cooldown map[string]time.Time // by target, and by alert and target: when the next one may be

	running context.Context // ends the reading of processes
	stop    context.CancelFunc
}

// maxSpoolAge is how long a file waits for the bucket.
const maxSpoolAge = 30 * 24 * time.Hour

// New opens the spool, with what an earlier process left there.
func New(config Config, set *targets.Set, store Store, logger *slog.Logger, metrics *Metrics) (*Capturer, error) {
	f, err := newFetcher(set.Rule(), config.MaxBytes, logger)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	c := &Capturer{
		config: config, targets: set, store: store, logger: logger, metrics: metrics, fetcher: f, events: newHistory(),
		turn: make(chan struct{}, config.Concurrent), active: map[slot]string{}, alone: map[string]chan bool{}, cooldown: map[string]time.Time{},
		running: running, stop: stop,
	}
	if c.lock, err = lockSpool(config.Spool); err != nil {
		return nil, err
	}
	c.spool, err = spool.Disk(config.Spool, 10*time.Second, spool.Options{
		MaxBytes: config.SpoolBytes, MaxFile: config.MaxBytes + 1<<20, MaxAge: maxSpoolAge,
		Dropped: c.dropped, Trouble: c.spoolTrouble,
	})
	if err != nil {
		c.lock.Close()
		return nil, fmt.Errorf("captures.spool: expected a folder that can be written: %w", err)
	}
	return c, nil
}

// DefaultSpool is the folder in which the captures for a bucket wait where none is set: one for each bucket and prefix, as what waits
// there does not say where it belongs. Many folders are called profiles.
func DefaultSpool(name, bucketURL, prefix string) string {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	if strings.HasPrefix(bucketURL, "file://.") {
		here, _ := os.Getwd()
		bucketURL += "\n" + here
	}
	sum := sha256.Sum256([]byte(bucketURL + "\n" + prefix))
	return filepath.Join(base, "pproflens-gateway", fmt.Sprintf("%s-%x", key.Field(name), sum[:6]))
}

// request is a capture of one process.
type request struct {
	target   targets.Target
	profiles []profile
	seconds  int
	trigger  string
	reason   string
	alert    *autoprofiler.MetaAlert
	// cooldown is by this key, for so long.
	cooldownKey string
	cooldown    time.Duration
}

// slot is taken up by a capture of a process. An alert does not wait for the end of a scheduled one, or of an editor's: the process
// may be dying, and what they read need not be what the alert wants.
type slot struct{ target, trigger string }

func (r request) slot() slot { return slot{r.target.ID(), r.trigger} }

// most is how many captures may run or wait for another one to be let in. Scheduled ones leave room: else they would fill all of it
// where there are more targets than the interval has time for.
func (c *Capturer) most(trigger string) int {
	if trigger == TriggerInterval {
		return max(1, c.config.Concurrent/2)
	}
	return c.config.Concurrent + c.config.Waiting
}

// Refusal is why a capture was not begun.
type Refusal struct {
	Status int // of HTTP
	Reason string
	// Event is the one that runs already.
	Event string
	After time.Duration // when to ask again
}

func (r *Refusal) Error() string { return r.Reason }

// start begins a capture.
func (c *Capturer) start(r request) (*Event, *Refusal) {
	e := &Event{
		ID: key.NewID(), Service: r.target.Service, Instance: r.target.Instance, Version: r.target.Version,
		Trigger: r.trigger, Reason: r.reason, Time: time.Now().UTC(), alert: r.alert,
	}
	if anyTimed(r.profiles) {
		e.Seconds = r.seconds
	}
	for _, p := range r.profiles {
		e.Files = append(e.Files, File{Profile: p.name, Name: p.file, State: StateWaiting})
	}
	e.Files = append(e.Files, File{Profile: "meta", Name: metaName, State: StateWaiting})
	if refusal := c.admit(r, e.ID); refusal != nil {
		c.metrics.Captures.WithLabelValues(r.trigger, "refused").Inc()
		return nil, refusal
	}
	defer c.starting.Done()
	c.events.add(e)
	c.logger.Info("gateway: a capture begins", "event", e.ID, "service", e.Service, "instance", e.Instance, "trigger", e.Trigger, "reason", e.Reason)
	c.work.Go(func() {
		defer c.release(r)
		select {
		case c.turn <- struct{}{}:
			defer func() { <-c.turn }()
			c.capture(e, r)
		case <-c.running.Done():
			c.giveUp(e, "the gateway stops")
		}
	})
	return e, nil
}

// admit takes a capture in, if the bounds allow it.
func (c *Capturer) admit(r request, id string) *Refusal {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch other, isActive := c.active[r.slot()]; {
	case c.running.Err() != nil:
		return &Refusal{Status: 503, Reason: "the gateway stops", After: 10 * time.Second}
	case isActive:
		return &Refusal{Status: 409, Reason: "a capture of this process runs already", Event: other, After: 5 * time.Second}
	case c.waiting >= c.most(r.trigger):
		return &Refusal{Status: 503, Reason: fmt.Sprintf("%d captures run or wait, which is the most", c.waiting), After: 10 * time.Second}
	}
	now := time.Now()
	if r.cooldown > 0 {
		if next := c.cooldown[r.cooldownKey]; now.Before(next) {
			after := next.Sub(now)
			return &Refusal{Status: 429, Reason: fmt.Sprintf("the last one was less than %v ago", r.cooldown), After: after}
		}
		c.forget(now)
		c.cooldown[r.cooldownKey] = now.Add(r.cooldown)
	}
	c.starting.Add(1)
	c.active[r.slot()] = id
	if c.alone[r.target.ID()] == nil {
		c.alone[r.target.ID()] = make(chan bool, 1)
	}
	c.waiting++
	return nil
}

// forget drops cooldowns that are over, once there are many.
func (c *Capturer) forget(now time.Time) {
	const many = 1000
	if len(c.cooldown) < many {
		return
	}
	for k, next := range c.cooldown {
		if now.After(next) {
			delete(c.cooldown, k)
		}
	}
}

func (c *Capturer) release(r request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.active, r.slot())
	c.waiting--
	if id := r.target.ID(); !c.isTaken(id) {
		delete(c.alone, id)
	}
}

// isTaken reports whether a capture of a process runs or waits. c.mu must be held.
func (c *Capturer) isTaken(id string) bool {
	for _, trigger := range []string{TriggerManual, TriggerAlert, TriggerInterval} {
		if _, isActive := c.active[slot{id, trigger}]; isActive {
			return true
		}
	}
	return false
}

func (c *Capturer) isActive(t targets.Target) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isTaken(t.ID())
}

// holdAlone waits until no other capture has a profile of which the process makes one at a time.
func (c *Capturer) holdAlone(t targets.Target) (release func()) {
	c.mu.Lock()
	held := c.alone[t.ID()]
	c.mu.Unlock()
	held <- true // Ends soon: what holds it reads for a minute and the seconds at most.
	return func() { <-held }
}

// capture reads one process: its memory, which is in the key; then what takes no time; then what takes the seconds; and
// meta.json, which says what there is.
func (c *Capturer) capture(e *Event, r request) {
	stats, maxRSS, err := c.fetcher.memory(c.running, r.target)
	gone := unreachableOf(err) // What does not answer would hold a turn for each of its profiles.
	meta := c.newMeta(e, time.Now(), stats, maxRSS, err == nil)
	folder := folderOf(meta)
	c.events.begin(e, meta.Time, folder)
	var alone []profile
	var beside sync.WaitGroup
	for _, p := range r.profiles {
		switch {
		case gone != nil:
			c.events.set(e, p.file, StateFailed, gone.Error(), 0)
		case p.alone:
			alone = append(alone, p)
		case p.timed:
			beside.Go(func() { c.file(e, r, p, folder) })
		default:
			gone = unreachableOf(c.file(e, r, p, folder))
		}
	}
	for _, p := range alone {
		if gone != nil {
			c.events.set(e, p.file, StateFailed, gone.Error(), 0)
			continue
		}
		release := c.holdAlone(r.target)
		gone = unreachableOf(c.file(e, r, p, folder))
		release()
	}
	beside.Wait()
	c.writeMeta(e, meta, folder)
	state := c.events.now(e)
	c.logger.Info("gateway: a capture was read", "event", e.ID, "files", folder, "state", state.State)
	if state.State == StateFailed {
		c.metrics.Captures.WithLabelValues(e.Trigger, StateFailed).Inc()
		if r.trigger == TriggerAlert { // Sent again, it may find the process.
			c.mu.Lock()
			delete(c.cooldown, r.cooldownKey)
			c.mu.Unlock()
		}
		return
	}
	c.metrics.Captures.WithLabelValues(e.Trigger, "read").Inc()
}

func (c *Capturer) newMeta(e *Event, now time.Time, stats autoprofiler.MetaMemStats, maxRSS uint64, ok bool) autoprofiler.Meta {
	meta := autoprofiler.Meta{
		Schema: 1, Event: e.ID, Time: now.UTC().Truncate(time.Millisecond), // as in the key
		Service: e.Service, Instance: e.Instance, Version: e.Version, Trigger: e.Trigger, Reason: e.Reason, Alert: e.alert,
	}
	if ok {
		meta.MemStats = stats
		meta.Memory = autoprofiler.MetaMemory{Heap: stats.Sys - min(stats.Sys, stats.HeapReleased), RSSPeak: maxRSS}
		meta.Signal, meta.Value = autoprofiler.SignalHeap, meta.Memory.Heap
	}
	return meta
}

func folderOf(m autoprofiler.Meta) string {
	return key.Event{
		Service: m.Service, Time: m.Time, ID: m.Event, Trigger: m.Trigger, Value: m.Value, Limit: m.Limit,
		Instance: m.Instance, Version: m.Version,
	}.Folder()
}

// file reads one profile into the spool. What was read of one that broke off is kept where it can be opened. It returns what the event
// has as the reason.
func (c *Capturer) file(e *Event, r request, p profile, folder string) error {
	c.events.set(e, p.file, StateReading, "", 0)
	n, err := c.spoolFile(folder+"/"+p.file, func(w io.Writer) (int64, bool, error) {
		n, err := c.fetcher.read(c.running, r.target, p, r.seconds, w)
		return n, err == nil || p.cuttable && n > 0, err
	})
	if err == nil {
		c.events.set(e, p.file, StateSpooled, "", n)
		return nil
	}
	c.metrics.Failures.WithLabelValues(p.name).Inc()
	c.logger.Warn("gateway: a profile could not be read whole", "event", e.ID, "service", e.Service, "instance", e.Instance,
		"profile", p.name, "bytes", n, "error", err)
	if p.cuttable && n > 0 {
		c.events.set(e, p.file, StateSpooled, fmt.Sprintf("cut after %d bytes: %v", n, err), n)
		return err
	}
	c.events.set(e, p.file, StateFailed, err.Error(), n)
	return err
}

// spoolFile writes a file to the spool, if write says that it is to be kept.
func (c *Capturer) spoolFile(name string, write func(io.Writer) (n int64, keep bool, err error)) (int64, error) {
	w, err := c.spool.Create(name)
	if err != nil {
		c.spoolTrouble(err)
		return 0, fmt.Errorf("captures.spool does not take files: %w", err)
	}
	n, keep, err := write(w)
	if !keep && w.Err() == nil {
		w.Discard()
		return n, err
	}
	failed := w.Err() // It is err too then.
	if failed != nil {
		w.Discard()
		err = nil
	} else {
		failed = w.Commit()
	}
	if failed != nil {
		c.spoolTrouble(failed)
		return 0, errors.Join(err, fmt.Errorf("captures.spool does not take files: %w", failed))
	}
	c.metrics.SpoolBytes.Set(float64(c.spool.Bytes()))
	return n, err
}

// writeMeta says which files there are, and why others are not. A capture without any has none.
func (c *Capturer) writeMeta(e *Event, meta autoprofiler.Meta, folder string) {
	for _, f := range c.events.now(e).Files {
		if f.State == StateSpooled || f.State == StateStored {
			meta.Files = append(meta.Files, f.Name)
		}
		if f.Reason != "" {
			meta.Failed = append(meta.Failed, autoprofiler.Failed{Name: f.Name, Reason: f.Reason})
		}
	}
	if len(meta.Files) == 0 {
		c.events.set(e, metaName, StateFailed, "there is nothing to describe: no profile could be read", 0)
		return
	}
	text, err := json.MarshalIndent(meta, "", "  ")
	if err == nil {
		_, err = c.spoolFile(folder+"/"+metaName, func(w io.Writer) (int64, bool, error) {
			n, err := w.Write(text)
			return int64(n), err == nil, err
		})
	}
	if err != nil {
		c.events.set(e, metaName, StateFailed, err.Error(), 0)
		return
	}
	c.events.set(e, metaName, StateSpooled, "", int64(len(text)))
}

// giveUp ends an event of which nothing was read.
func (c *Capturer) giveUp(e *Event, reason string) {
	c.metrics.Captures.WithLabelValues(e.Trigger, StateFailed).Inc()
	c.logger.Warn("gateway: a capture was given up", "event", e.ID, "service", e.Service, "instance", e.Instance, "trigger", e.Trigger, "reason", reason)
	for _, f := range e.Files {
		c.events.set(e, f.Name, StateFailed, reason, 0)
	}
}

// Stop ends the reading of processes and waits for what was read to be in the spool.
func (c *Capturer) Stop() {
	c.mu.Lock() // None is let in afterwards.
	c.stop()
	c.mu.Unlock()
	c.starting.Wait()
	c.work.Wait()
}

// Close lets another process have the spool. It comes after Upload has ended.
func (c *Capturer) Close() error { return c.lock.Close() }

// spoolTrouble is told that the spool's disk fails, or with nil that it works again.
func (c *Capturer) spoolTrouble(err error) {
	if err == nil {
		c.logger.Info("gateway: captures.spool takes files again")
		return
	}
	c.metrics.SpoolTroubles.Inc()
	c.logger.Error("gateway: captures.spool fails", "folder", c.config.Spool, "error", err)
}
