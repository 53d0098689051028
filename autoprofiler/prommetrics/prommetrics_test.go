package prommetrics

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/pproflens/pproflens/autoprofiler"
)

var _ autoprofiler.Observer = (*Metrics)(nil)

// scrape returns what Prometheus gets, without the times of exemplars and with their labels in order: the client writes
// them as a map gives them.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(m)
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(response, request)
	text, err := io.ReadAll(response.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	timeless := regexp.MustCompile(`(# \{.*\} \S+) \S+`).ReplaceAllString(string(text), "$1")
	return regexp.MustCompile(`\{(trigger="[^"]*"),(event_id="[^"]*")\}`).ReplaceAllString(timeless, "{$2,$1}")
}

func TestMetrics(t *testing.T) {
	m := New()
	m.Memory(autoprofiler.Reading{
		Signals: []autoprofiler.Signal{{Name: "heap", Bytes: 6e9}, {Name: "cgroup", Bytes: 7e9}},
		Limit:   8e9,
	})
	m.Captured(autoprofiler.Meta{Event: "k3v9q2xd", Trigger: "heap-ratio", Value: 6979321856, Time: time.UnixMilli(1793715753456)})
	m.Captured(autoprofiler.Meta{Event: "w1c4h0rs", Trigger: "heap-ratio", Value: 7700000000, Time: time.UnixMilli(1793715853456)})
	m.Failed("upload", errors.New("503"))
	m.Spooled(123)
	text := scrape(t, m)
	for _, line := range []string{
		`autoprofiler_memory_bytes{signal="heap"} 6e+09`,
		`autoprofiler_memory_bytes{signal="cgroup"} 7e+09`,
		`autoprofiler_memory_limit_bytes 8e+09`,
		`autoprofiler_captures_total{trigger="heap-ratio"} 2.0 # {event_id="w1c4h0rs"} 1.0`,
		`autoprofiler_captures_total{trigger="growth"} 0.0`,
		`autoprofiler_capture_memory_bytes_bucket{le="8.589934592e+09"} 2 # {event_id="w1c4h0rs",trigger="heap-ratio"} 7.7e+09`,
		`autoprofiler_capture_memory_bytes_count 2`,
		`autoprofiler_last_capture_timestamp_seconds 1.793715853456e+09`,
		`autoprofiler_capture_failures_total{stage="upload"} 1.0`,
		`autoprofiler_capture_failures_total{stage="heap"} 0.0`,
		`autoprofiler_spooled_bytes 123.0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
}

func TestLint(t *testing.T) {
	problems, err := testutil.CollectAndLint(New())
	if err != nil || len(problems) > 0 {
		t.Errorf("got %v, %v", problems, err)
	}
}

// readings closes read at the first reading that its observer is told of.
type readings struct {
	autoprofiler.Observer
	once sync.Once
	read chan struct{}
}

func (r *readings) Memory(reading autoprofiler.Reading) {
	r.Observer.Memory(reading)
	r.once.Do(func() { close(r.read) })
}

// A profiler that runs fills its metrics: a reading at its start, a capture on request.
func TestWithAProfiler(t *testing.T) {
	m := New()
	observer := &readings{Observer: m, read: make(chan struct{})}
	profiler, err := autoprofiler.Start(autoprofiler.Config{Service: "ingester", Target: autoprofiler.Folder(t.TempDir()), Observer: observer})
	if err != nil {
		t.Fatal(err)
	}
	<-observer.read // A capture does not wait for it.
	event, err := profiler.Capture(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	profiler.Stop()
	text := scrape(t, m)
	for _, line := range []string{
		`autoprofiler_captures_total\{trigger="manual"\} 1.0 # \{event_id="` + event + `"\} 1.0`,
		`autoprofiler_memory_bytes\{signal="heap"\} [1-9]`,
		`autoprofiler_memory_limit_bytes [1-9]`,
		`autoprofiler_spooled_bytes 0.0`,
	} {
		if !regexp.MustCompile(line).MatchString(text) {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
}
