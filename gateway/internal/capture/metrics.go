package capture

import "github.com/prometheus/client_golang/prometheus"

// Metrics count captures.
type Metrics struct {
	Captures   *prometheus.CounterVec // by trigger and outcome
	Failures   *prometheus.CounterVec // by profile
	Uploads    *prometheus.CounterVec // of files, by outcome
	Alerts     *prometheus.CounterVec // by outcome
	SpoolBytes prometheus.Gauge
	// SpoolTroubles are files that its disk did not take.
	SpoolTroubles prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "pproflens_gateway", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		Captures: counter("captures_total", "Captures by what made them and what came of it: read, failed or refused.", "trigger", "outcome"),
		Failures: counter("profile_failures_total", "Profiles that a process did not give whole.", "profile"),
		Uploads:  counter("uploads_total", "Files by what came of them: stored, failed (and tried again) or lost.", "outcome"),
		Alerts:   counter("alerts_total", "Alerts by what came of them.", "outcome"),
		SpoolBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "pproflens_gateway", Name: "spool_bytes", Help: "What waits for the bucket.",
		}),
	}
	m.SpoolTroubles = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "pproflens_gateway", Name: "spool_troubles_total", Help: "Files that captures.spool did not take.",
	})
	registry.MustRegister(m.Captures, m.Failures, m.Uploads, m.Alerts, m.SpoolBytes, m.SpoolTroubles)
	return m
}
