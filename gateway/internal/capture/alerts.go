package capture

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net"
	"regexp"
	"slices"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/gateway/internal/targets"
)

// webhook is what Alertmanager and Grafana's contact points send (prometheus.io/docs/alerting/latest/configuration/#webhook_config).
type webhook struct {
	Alerts alerts `json:"alerts"`
}

// maxAlerts are read of one message.
const maxAlerts = 10_000

// alerts are read one by one: a body of the size of a few thousand has room for millions of empty ones.
type alerts []alert

func (list *alerts) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('[') {
		return errors.Join(errors.New("alerts: expected a list"), err)
	}
	for decoder.More() {
		if len(*list) == maxAlerts {
			return fmt.Errorf("alerts: expected at most %d", maxAlerts)
		}
		var a alert
		if err := decoder.Decode(&a); err != nil {
			return err
		}
		*list = append(*list, a)
	}
	return nil
}

type alert struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	StartsAt    startTime         `json:"startsAt"`
	Fingerprint string            `json:"fingerprint"`
}

// startTime is left at zero where it cannot be read: one sender's mistake is no reason to drop the other alerts.
type startTime struct{ time.Time }

func (s *startTime) UnmarshalJSON(text []byte) error {
	if err := s.Time.UnmarshalJSON(text); err != nil {
		s.Time = time.Time{}
	}
	return nil
}

// Outcomes of an alert.
const (
	outcomeResolved  = "resolved"  // it fires no longer
	outcomeUnmatched = "unmatched" // captures.alerts.match leaves it out
	outcomeNoTarget  = "no-target" // its labels name no target
	outcomeCaptured  = "captured"
	outcomeCovered   = "covered"  // a capture of the process runs already
	outcomeCooldown  = "cooldown" // it was captured for this alert
	outcomeRefused   = "refused"  // too many captures run or wait
)

// Outcome is what came of an alert for one target.
type Outcome struct {
	Alert    string `json:"alert"`
	Outcome  string `json:"outcome"`
	Service  string `json:"service,omitempty"`
	Instance string `json:"instance,omitempty"`
	Event    string `json:"event,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// onAlert captures the targets that an alert names.
func (c *Capturer) onAlert(a alert) []Outcome {
	name := a.Labels["alertname"]
	single := func(outcome, reason string) []Outcome {
		c.metrics.Alerts.WithLabelValues(outcome).Inc()
		return []Outcome{{Alert: name, Outcome: outcome, Reason: reason}}
	}
	if a.Status != "firing" {
		return single(outcomeResolved, "")
	}
	for label, pattern := range c.config.Alerts.Match {
		if !regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(a.Labels[label]) {
			return single(outcomeUnmatched, "captures.alerts.match does not match its label "+label)
		}
	}
	found := c.targetsOf(a.Labels)
	if len(found) == 0 {
		return single(outcomeNoTarget, "no target has the service and instance that its labels name; targets.rule says which labels these are")
	}
	var outcomes []Outcome
	for _, t := range found {
		o := c.onAlertOf(a, t)
		c.metrics.Alerts.WithLabelValues(o.Outcome).Inc()
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// targetsOf are those that labels name: one instance, or a few of a service.
func (c *Capturer) targetsOf(labels map[string]string) []targets.Target {
	service, instance := c.targets.Rule().Names(labels)
	if service == "" && instance == "" {
		return nil
	}
	found := c.targets.Find(service, instance)
	if len(found) == 0 {
		found = onHost(c.targets.Find(service, ""), instance)
	}
	if len(found) == 0 && service != "" && instance != "" {
		// What measures a process from outside, as the kubelet does, has a job of its own in the alert.
		found = c.targets.Find("", instance)
	}
	return found[:min(len(found), c.config.Alerts.Instances)]
}

// onHost are the targets on the host of an instance: metrics are often on another port than pprof.
func onHost(all []targets.Target, instance string) []targets.Target {
	host, _, err := net.SplitHostPort(instance)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(t targets.Target) bool { return t.URL.Hostname() != host })
}

func (c *Capturer) onAlertOf(a alert, t targets.Target) Outcome {
	name := a.Labels["alertname"]
	profiles, _ := profilesOf(c.config.Alerts.Profiles) // Problems has told of an error.
	e, refusal := c.start(request{
		target: t, profiles: profiles, seconds: c.config.Alerts.Seconds, trigger: TriggerAlert, reason: cut(name),
		alert:       &autoprofiler.MetaAlert{Name: cut(name), Start: a.StartsAt.UTC(), Fingerprint: cut(a.Fingerprint)},
		cooldownKey: fingerprint(a) + " " + t.ID(), cooldown: c.config.Alerts.Cooldown,
	})
	o := Outcome{Alert: name, Service: t.Service, Instance: t.Instance, Outcome: outcomeCaptured}
	if refusal == nil {
		o.Event = e.ID
		return o
	}
	o.Event, o.Reason = refusal.Event, refusal.Reason
	switch refusal.Status {
	case 409:
		o.Outcome = outcomeCovered
	case 429:
		o.Outcome = outcomeCooldown
	default:
		o.Outcome = outcomeRefused
		c.logger.Warn("gateway: an alert captures nothing", "alert", cut(name), "instance", t.Instance, "reason", refusal.Reason)
	}
	return o
}

// fingerprint tells an alert from others: by its labels where the sender does not.
func fingerprint(a alert) string {
	if a.Fingerprint != "" {
		return cut(a.Fingerprint)
	}
	h := fnv.New128a()
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		h.Write([]byte(name + "\xff" + a.Labels[name] + "\xff"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// maxText is the longest text of a request that is kept, in bytes.
const maxText = 500

// cut is a text of a stranger, not too long and on one line.
func cut(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return plain(text)
}
