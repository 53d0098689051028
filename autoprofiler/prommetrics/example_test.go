package prommetrics_test

import (
	"log"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/prommetrics"
)

func Example() {
	metrics := prommetrics.New()
	prometheus.MustRegister(metrics)
	profiler, err := autoprofiler.Start(autoprofiler.Config{
		Service:  "ingester",
		Target:   autoprofiler.Folder("/captures"),
		Observer: metrics,
	})
	if err != nil {
		log.Print(err)
	}
	defer profiler.Stop()

	// Exemplars are written in OpenMetrics only.
	http.Handle("/metrics", promhttp.HandlerFor(prometheus.DefaultGatherer, promhttp.HandlerOpts{EnableOpenMetrics: true}))
}
