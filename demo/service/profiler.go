package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/prommetrics"
	"github.com/pproflens/pproflens/autoprofiler/s3target"
	"github.com/pproflens/pproflens/demo/service/internal/store"
)

// profiling is how the auto-profiler is set up by flags. Without a target there is none.
type profiling struct {
	config                        autoprofiler.Config
	bucket, endpoint, folder, put string
}

func (p *profiling) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&p.config.Service, "service", "demo", "name in the keys of captures")
	flags.StringVar(&p.config.Instance, "instance", "", "name of this process in the keys; the host's by default")
	flags.StringVar(&p.config.Version, "version", "v1.42.0", "version in the keys")
	flags.StringVar(&p.bucket, "bucket", "", "S3 bucket that captures go to; credentials are in the environment")
	flags.StringVar(&p.endpoint, "endpoint", "", "address of the bucket's server, where it is not AWS")
	flags.StringVar(&p.folder, "folder", "", "local folder that captures go to")
	flags.StringVar(&p.put, "put", "", "URL that captures are sent to by HTTP PUT")
	flags.StringVar(&p.config.SpoolDir, "spool", "", "folder in which captures wait; in memory by default, where a trace has no place near the limit")
	flags.BoolFunc("flight", "captures have the execution trace of the moment before them", func(string) error {
		p.config.FlightRecorder = flightRecorder()
		return nil
	})
	flags.DurationVar(&p.config.CPU, "cpu", 2*time.Second, "length of a capture's CPU profile")
	flags.Func("limit", "memory the process may use, 192MiB say; by default that of the cgroup, GOMEMLIMIT or the machine",
		func(text string) (err error) {
			p.config.Limit, err = parseBytes(text)
			return err
		})
}

func parseBytes(text string) (uint64, error) {
	number, isMiB := strings.CutSuffix(text, "MiB")
	n, err := strconv.ParseUint(number, 10, 40)
	if err != nil {
		return 0, errors.New("expected bytes, or a number of MiB such as 192MiB")
	}
	if isMiB {
		n <<= 20
	}
	return n, nil
}

// target is where captures go, nil for nowhere.
func (p *profiling) target() (autoprofiler.Target, error) {
	var targets []autoprofiler.Target
	if p.bucket != "" {
		targets = append(targets, &s3target.Bucket{Name: p.bucket, Endpoint: p.endpoint})
	}
	if p.folder != "" {
		targets = append(targets, autoprofiler.Folder(p.folder))
	}
	if p.put != "" {
		targets = append(targets, &autoprofiler.HTTP{URL: p.put})
	}
	switch len(targets) {
	case 0:
		return nil, nil
	case 1:
		return targets[0], nil
	}
	return nil, errors.New("expected one of -bucket, -folder and -put")
}

// start serves metrics, and where captures have a target it starts the auto-profiler and serves the truth about the tenants' memory.
func (p *profiling) start(cache *store.Cache, mux *http.ServeMux) (*autoprofiler.Profiler, error) {
	// The client's exemplars are in the OpenMetrics format alone.
	mux.Handle("GET /metrics", promhttp.HandlerFor(prometheus.DefaultGatherer, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	target, err := p.target()
	if target == nil {
		return nil, err
	}
	truth := &truth{cache: cache}
	observer := observer{prommetrics.New(), truth}
	prometheus.MustRegister(observer.Metrics)
	p.config.Target = target
	p.config.Observer = observer
	profiler, err := autoprofiler.Start(p.config)
	if err != nil {
		return nil, err
	}
	mux.Handle("GET /truth", truth)
	mux.HandleFunc("POST /capture", func(w http.ResponseWriter, r *http.Request) {
		event, err := profiler.Capture(r.Context(), r.FormValue("reason"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, event)
	})
	return profiler, nil
}

// observer notes at each capture whose memory it was.
type observer struct {
	*prommetrics.Metrics
	truth *truth
}

func (o observer) Captured(meta autoprofiler.Meta) {
	o.Metrics.Captured(meta)
	o.truth.note(meta.Event)
}

// truth knows what a heap profile does not: how many bytes each tenant held at each capture. The plugin's estimate of
// it is measured by this.
type truth struct {
	cache *store.Cache

	mu     sync.Mutex
	events []heldAt
}

type heldAt struct {
	Event string         `json:"event"`
	Bytes map[string]int `json:"bytes"`
}

func (t *truth) note(event string) {
	held := heldAt{event, t.cache.Bytes()}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, held)
}

func (t *truth) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(t.events)
}
