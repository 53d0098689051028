package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pproflens/pproflens/gateway/internal/targets"
)

// What a body may have, in bytes.
const (
	maxCaptureBody = 64 << 10
	maxAlertsBody  = 8 << 20
)

// TargetInfo is a target without its address.
type TargetInfo struct {
	Service  string `json:"service"`
	Instance string `json:"instance"`
	Version  string `json:"version,omitempty"`
	Busy     bool   `json:"busy,omitempty"` // a capture of it runs
}

// ServeTargets answers GET /pproflens/targets, of a ?service or of all.
func (c *Capturer) ServeTargets(w http.ResponseWriter, r *http.Request) {
	found := []TargetInfo{}
	for _, t := range c.targets.Find(r.URL.Query().Get("service"), "") {
		found = append(found, TargetInfo{t.Service, t.Instance, t.Version, c.isActive(t)})
	}
	WriteJSON(w, http.StatusOK, map[string]any{
		"targets": found, "profiles": Profiles(), "maxSeconds": c.config.MaxSeconds, "maxInstances": c.config.Instances,
	})
}

// ServeCaptures answers POST /pproflens/captures, and GET with ?id, or without for the last ones.
func (c *Capturer) ServeCaptures(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		c.serveStart(w, r)
		return
	}
	id := r.URL.Query().Get("id")
	if id == "" {
		const shown = 50
		WriteJSON(w, http.StatusOK, map[string]any{"events": c.events.recent(shown)})
		return
	}
	e, isThere := c.events.get(id)
	if !isThere {
		WriteError(w, http.StatusNotFound, fmt.Sprintf("No event %q is known: the gateway remembers the last %d since it was started; look into the bucket.", cut(id), maxEvents))
		return
	}
	WriteJSON(w, http.StatusOK, e)
}

// order is the body of a POST.
type order struct {
	Service  string   `json:"service"`
	Instance string   `json:"instance"`
	All      bool     `json:"all"`
	Profiles []string `json:"profiles"`
	Seconds  int      `json:"seconds"`
	Reason   string   `json:"reason"`
}

// refused is an instance of which no capture was begun.
type refused struct {
	Instance string `json:"instance"`
	Reason   string `json:"reason"`
	Event    string `json:"event,omitempty"`
}

func (c *Capturer) serveStart(w http.ResponseWriter, r *http.Request) {
	var o order
	if status, err := readJSON(w, r, maxCaptureBody, true, &o); err != nil {
		WriteError(w, status, err.Error())
		return
	}
	found, profiles, status, err := c.chosen(o)
	if err != nil {
		WriteError(w, status, err.Error())
		return
	}
	events, refusals, first := []Event{}, []refused{}, (*Refusal)(nil)
	for _, t := range found {
		e, refusal := c.start(request{
			target: t, profiles: profiles, seconds: o.Seconds, trigger: TriggerManual, reason: cut(o.Reason),
			cooldownKey: t.ID(), cooldown: c.config.Cooldown,
		})
		if refusal != nil {
			if first == nil {
				first = refusal
			}
			refusals = append(refusals, refused{t.Instance, refusal.Reason, refusal.Event})
			continue
		}
		now, _ := c.events.get(e.ID)
		events = append(events, now)
	}
	if len(events) == 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(first.After.Seconds()))))
		WriteJSON(w, first.Status, map[string]any{"error": sentence(first.Reason), "refused": refusals})
		return
	}
	WriteJSON(w, http.StatusAccepted, map[string]any{"events": events, "refused": refusals})
}

func sentence(reason string) string { return "No capture was begun: " + reason + "." }

// chosen are the targets and profiles of an order.
func (c *Capturer) chosen(o order) ([]targets.Target, []profile, int, error) {
	profiles, err := profilesOf(o.Profiles)
	switch {
	case err != nil:
		return nil, nil, http.StatusBadRequest, fmt.Errorf("profiles: %w", err)
	case o.Service == "":
		return nil, nil, http.StatusBadRequest, errors.New("service: expected the name of one, got none")
	case o.All && o.Instance != "":
		return nil, nil, http.StatusBadRequest, errors.New("expected an instance or all, got both")
	case anyTimed(profiles) && (o.Seconds < 1 || o.Seconds > c.config.MaxSeconds):
		return nil, nil, http.StatusBadRequest, fmt.Errorf("seconds: expected 1 to %d, got %d", c.config.MaxSeconds, o.Seconds)
	}
	found := c.targets.Find(o.Service, o.Instance)
	switch {
	case len(found) == 0:
		return nil, nil, http.StatusNotFound, fmt.Errorf("there is no target of service %q and instance %q: GET /pproflens/targets has those there are",
			cut(o.Service), cut(o.Instance))
	case o.Instance == "" && !o.All && len(found) > 1:
		return nil, nil, http.StatusBadRequest, fmt.Errorf("the service has %d instances: choose an instance, or all", len(found))
	case len(found) > c.config.Instances:
		return nil, nil, http.StatusBadRequest, fmt.Errorf("the service has %d instances, at most %d are captured at once (captures.instances): choose one",
			len(found), c.config.Instances)
	}
	return found, profiles, 0, nil
}

// ServeAlerts answers POST /pproflens/alerts: what came of each alert. It is 503 where one was refused for a reason that passes, so that
// Alertmanager sends all of them again, when those that were captured are in their cooldown; no other outcome gets better by that.
func (c *Capturer) ServeAlerts(w http.ResponseWriter, r *http.Request) {
	var hook webhook
	// Alertmanager and Grafana send more than is read here.
	if status, err := readJSON(w, r, maxAlertsBody, false, &hook); err != nil {
		WriteError(w, status, err.Error())
		return
	}
	outcomes, status := []Outcome{}, http.StatusOK
	for _, a := range hook.Alerts {
		outcomes = append(outcomes, c.onAlert(a)...)
	}
	if slices.ContainsFunc(outcomes, func(o Outcome) bool { return o.Outcome == outcomeRefused }) {
		w.Header().Set("Retry-After", "10")
		status = http.StatusServiceUnavailable
	}
	WriteJSON(w, status, map[string]any{"alerts": outcomes})
}

// readJSON reads a body. Its type must be JSON's: a page of another site cannot send that unasked.
func readJSON(w http.ResponseWriter, r *http.Request, most int64, strict bool, to any) (status int, err error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return http.StatusUnsupportedMediaType, fmt.Errorf("expected Content-Type: application/json, got %q", cut(r.Header.Get("Content-Type")))
	}
	// A sender may take its time, but not for ever.
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(30 * time.Second))
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	if strict {
		decoder.DisallowUnknownFields()
	}
	err = decoder.Decode(to)
	if err == nil {
		if _, more := decoder.Token(); more != io.EOF {
			err = errors.New("more follows its end")
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, fmt.Errorf("expected a body of at most %d bytes", most)
	case err != nil:
		return http.StatusBadRequest, fmt.Errorf("the body cannot be read: %w", err)
	}
	return 0, nil
}

// WriteJSON answers with a value.
func WriteJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

// WriteError answers with what is wrong.
func WriteError(w http.ResponseWriter, status int, message string) {
	WriteJSON(w, status, map[string]string{"error": message})
}
