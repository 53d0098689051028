// Package prommetrics exposes what an autoprofiler does as Prometheus metrics. It is apart from package autoprofiler so
// that a service with other metrics does not link the Prometheus client.
//
//	metrics := prommetrics.New()
//	prometheus.MustRegister(metrics)
//	profiler, err := autoprofiler.Start(autoprofiler.Config{Service: "ingester", Target: target, Observer: metrics})
//
// Captures carry their event id as an exemplar, which Grafana draws as a diamond that links to the capture. Exemplars
// need OpenMetrics on the handler and exemplar storage in Prometheus:
//
//	promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{EnableOpenMetrics: true})
//	prometheus --enable-feature=exemplar-storage
package prommetrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pproflens/pproflens/autoprofiler"
)

// Metrics is an autoprofiler.Observer and a prometheus.Collector. Use New, and one for each profiler.
type Metrics struct {
	memory        *prometheus.GaugeVec
	limit         prometheus.Gauge
	captures      *prometheus.CounterVec
	captureMemory prometheus.Histogram
	lastCapture   prometheus.Gauge
	failures      *prometheus.CounterVec
	spooled       prometheus.Gauge
}

// New returns metrics that no profiler has filled yet. Counters exist from the start, so that their first increase shows.
func New() *Metrics {
	m := &Metrics{
		memory: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "autoprofiler_memory_bytes",
			Help: "Memory in use at the last look: heap is held by the Go runtime, cgroup the container's working set, rss the process's resident set.",
		}, []string{"signal"}),
		limit: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "autoprofiler_memory_limit_bytes",
			Help: "Limit that memory is compared with.",
		}),
		captures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "autoprofiler_captures_total",
			Help: "Captures made, by trigger. The exemplar is the last one's event id.",
		}, []string{"trigger"}),
		captureMemory: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "autoprofiler_capture_memory_bytes",
			Help: "Memory in use at a capture. An exemplar is a capture: its event id and trigger, at its memory.",
			// 64 MiB to 1 TiB.
			Buckets: prometheus.ExponentialBuckets(64<<20, 2, 15),
		}),
		lastCapture: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "autoprofiler_last_capture_timestamp_seconds",
			Help: "Unix time of the last capture, 0 before the first.",
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "autoprofiler_capture_failures_total",
			Help: "Failures, by stage: upload is one try, spool a lost file, rate-limit a capture not made, a profile's name a file missing from a capture.",
		}, []string{"stage"}),
		spooled: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "autoprofiler_spooled_bytes",
			Help: "Bytes of captures that wait for the target.",
		}),
	}
	for _, trigger := range []string{
		autoprofiler.TriggerHeap, autoprofiler.TriggerCgroup, autoprofiler.TriggerRSS, autoprofiler.TriggerForecast,
		autoprofiler.TriggerGrowth, autoprofiler.TriggerInterval, autoprofiler.TriggerManual,
	} {
		m.captures.WithLabelValues(trigger)
	}
	for _, stage := range []string{
		autoprofiler.StageMemory, autoprofiler.StageRateLimit, autoprofiler.StageMeta, autoprofiler.StageHeap,
		autoprofiler.StageGoroutine, autoprofiler.StageMutex, autoprofiler.StageBlock, autoprofiler.StageTrace,
		autoprofiler.StageCPU, autoprofiler.StageUpload, autoprofiler.StageSpool, autoprofiler.StageLog,
	} {
		m.failures.WithLabelValues(stage)
	}
	return m
}

// Memory implements autoprofiler.Observer.
func (m *Metrics) Memory(r autoprofiler.Reading) {
	for _, s := range r.Signals {
		m.memory.WithLabelValues(s.Name).Set(float64(s.Bytes))
	}
	m.limit.Set(float64(r.Limit))
}

// Captured implements autoprofiler.Observer.
func (m *Metrics) Captured(meta autoprofiler.Meta) {
	event := prometheus.Labels{"event_id": meta.Event}
	m.captures.WithLabelValues(meta.Trigger).(prometheus.ExemplarAdder).AddWithExemplar(1, event)
	m.captureMemory.(prometheus.ExemplarObserver).ObserveWithExemplar(float64(meta.Value),
		prometheus.Labels{"event_id": meta.Event, "trigger": meta.Trigger})
	m.lastCapture.Set(float64(meta.Time.UnixMilli()) / 1000)
}

// Failed implements autoprofiler.Observer.
func (m *Metrics) Failed(stage string, _ error) { m.failures.WithLabelValues(stage).Inc() }

// Spooled implements autoprofiler.Observer.
func (m *Metrics) Spooled(bytes int64) { m.spooled.Set(float64(bytes)) }

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, c := range m.collectors() {
		c.Describe(descriptions)
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range m.collectors() {
		c.Collect(metrics)
	}
}

func (m *Metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.memory, m.limit, m.captures, m.captureMemory, m.lastCapture, m.failures, m.spooled}
}
