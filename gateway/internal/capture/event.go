package capture

import (
	"path"
	"slices"
	"sync"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
)

// States of an event and of its files. One is stored when the bucket has it, and not before.
const (
	StateWaiting   = "waiting"   // for its turn
	StateCapturing = "capturing" // of an event; a file is being read
	StateReading   = "reading"
	StateUploading = "uploading" // all is read, some of it waits for the bucket
	StateSpooled   = "spooled"   // a file waits for the bucket
	StateStored    = "stored"
	StatePartial   = "partial" // what could be read is stored; the files say why others are missing
	StateFailed    = "failed"
)

// File is the state of one file of an event.
type File struct {
	Profile string `json:"profile"`
	Name    string `json:"name"`
	State   string `json:"state"`
	Reason  string `json:"reason,omitempty"` // why it failed, or is not whole
	Bytes   int64  `json:"bytes,omitempty"`
}

// Event is the state of a capture of one process.
type Event struct {
	ID       string    `json:"id"`
	Service  string    `json:"service"`
	Instance string    `json:"instance"`
	Version  string    `json:"version,omitempty"`
	Trigger  string    `json:"trigger"`
	Reason   string    `json:"reason,omitempty"`
	Seconds  int       `json:"seconds,omitempty"`
	Time     time.Time `json:"time"`
	State    string    `json:"state"`
	// Folder is what the keys of its files begin with; "" until the capture has begun.
	Folder string `json:"folder,omitempty"`
	Files  []File `json:"files"`

	alert *autoprofiler.MetaAlert
}

// stateOf is what the states of files make.
func (e *Event) stateOf() string {
	count := map[string]int{}
	for _, f := range e.Files {
		count[f.State]++
	}
	switch {
	case e.Folder == "" && count[StateFailed] < len(e.Files):
		return StateWaiting
	case count[StateWaiting]+count[StateReading] > 0:
		return StateCapturing
	case count[StateSpooled] > 0:
		return StateUploading
	case count[StateFailed] == 0 && !slices.ContainsFunc(e.Files, func(f File) bool { return f.Reason != "" }):
		return StateStored
	case e.hasProfile():
		return StatePartial
	}
	return StateFailed
}

// hasProfile reports whether more than meta.json is stored.
func (e *Event) hasProfile() bool {
	return slices.ContainsFunc(e.Files, func(f File) bool { return f.State == StateStored && f.Name != metaName })
}

const metaName = "meta.json"

// maxEvents are remembered: the bucket has what came of older ones.
const maxEvents = 1000

// history is the last events. It is safe for concurrent use.
type history struct {
	mu       sync.Mutex
	byID     map[string]*Event
	byFolder map[string]*Event
	order    []string
}

func newHistory() *history {
	return &history{byID: map[string]*Event{}, byFolder: map[string]*Event{}}
}

func (h *history) add(e *Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.byID[e.ID] = e
	h.order = append(h.order, e.ID)
	if len(h.order) <= maxEvents {
		return
	}
	// The oldest that is over: one that runs must be found, and few run.
	at := max(0, slices.IndexFunc(h.order, func(id string) bool { return h.byID[id].isOver() }))
	old := h.byID[h.order[at]]
	delete(h.byFolder, old.Folder)
	delete(h.byID, old.ID)
	h.order = slices.Delete(h.order, at, at+1)
}

func (e *Event) isOver() bool {
	state := e.stateOf()
	return state == StateStored || state == StatePartial || state == StateFailed
}

// now returns a copy of an event, also of one that is remembered no longer.
func (h *history) now(e *Event) Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return e.copy()
}

// get returns a copy.
func (h *history) get(id string) (Event, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, isThere := h.byID[id]
	if !isThere {
		return Event{}, false
	}
	return e.copy(), true
}

func (e *Event) copy() Event {
	c := *e
	c.Files = slices.Clone(e.Files)
	c.State = e.stateOf()
	return c
}

// recent are copies of the last n events, the newest first.
func (h *history) recent(n int) []Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := make([]Event, 0, min(n, len(h.order)))
	for i := len(h.order) - 1; i >= 0 && len(found) < n; i-- {
		found = append(found, h.byID[h.order[i]].copy())
	}
	return found
}

// begin says under which folder the files of an event are.
func (h *history) begin(e *Event, at time.Time, folder string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.Time, e.Folder = at, folder
	if h.byID[e.ID] == e {
		h.byFolder[folder] = e
	}
}

// set changes the state of a file.
func (h *history) set(e *Event, name, state, reason string, bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range e.Files {
		f := &e.Files[i]
		if f.Name != name {
			continue
		}
		// What the bucket has, or the spool has lost, was in the spool a moment before: that may be told later.
		if f.State != StateStored && (f.State != StateFailed || state != StateSpooled) {
			f.State = state
		}
		f.Bytes = max(f.Bytes, bytes)
		if f.Reason == "" {
			f.Reason = reason
		}
	}
}

// uploaded changes the state of a file by its key. Those of an earlier process are not known. It returns the event's new state.
func (h *history) uploaded(key, state, reason string) (Event, bool) {
	h.mu.Lock()
	e, isThere := h.byFolder[path.Dir(key)]
	h.mu.Unlock()
	if !isThere {
		return Event{}, false
	}
	h.set(e, path.Base(key), state, reason, 0)
	h.mu.Lock()
	defer h.mu.Unlock()
	return e.copy(), true
}
