package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pproflens/pproflens/gateway/internal/capture"
	"github.com/pproflens/pproflens/gateway/internal/config"
	"github.com/pproflens/pproflens/gateway/internal/s3api"
)

// Paths of the gateway's own. A route of Grafana's ends in one of them: each is exact, nothing is below it.
const (
	pathHealth   = "/healthz"
	pathMetrics  = "/metrics"
	pathInfo     = "/pproflens/info"
	pathTargets  = "/pproflens/targets"
	pathCaptures = "/pproflens/captures"
	pathAlerts   = "/pproflens/alerts"
)

// headerToken has the token where Authorization is somebody else's.
const headerToken = "X-Pproflens-Token"

// endpoint is one of these paths.
type endpoint struct {
	methods string // with spaces between
	serve   http.HandlerFunc
}

// readers may be this slow with each piece of an object.
const readerTimeout = time.Minute

// handler answers all requests. No mux: it would clean paths, and a redirect to a clean one could lead into another.
func (g *gateway) handler() http.Handler {
	objects := s3api.New(s3api.Handler{
		Name: g.settings.Name, Bucket: g.bucket, Logger: g.logger, MaxRequests: g.settings.MaxRequests, WriteTimeout: readerTimeout,
	})
	off := func(w http.ResponseWriter, _ *http.Request) {
		capture.WriteError(w, http.StatusNotFound, "No captures are made here: the gateway was started without targets.")
	}
	endpoints := map[string]endpoint{
		pathHealth:   {"GET HEAD", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }},
		pathMetrics:  {"GET", promhttp.HandlerFor(g.registry, promhttp.HandlerOpts{}).ServeHTTP},
		pathInfo:     {"GET", g.serveInfo},
		pathTargets:  {"GET", off},
		pathCaptures: {"GET POST", off},
		pathAlerts:   {"POST", off},
	}
	if c := g.capturer; c != nil {
		endpoints[pathTargets] = endpoint{"GET", c.ServeTargets}
		endpoints[pathCaptures] = endpoint{"GET POST", c.ServeCaptures}
		endpoints[pathAlerts] = endpoint{"POST", c.ServeAlerts}
	}
	route := func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		switch e, isOurs := endpoints[path]; {
		case isOurs && !strings.Contains(" "+e.methods+" ", " "+r.Method+" "):
			w.Header().Set("Allow", strings.ReplaceAll(e.methods, " ", ", "))
			capture.WriteError(w, http.StatusMethodNotAllowed, fmt.Sprintf("Expected %s, got %s.", strings.ReplaceAll(e.methods, " ", " or "), r.Method))
		case isOurs:
			e.serve(w, r)
		case path == "/pproflens" || strings.HasPrefix(path, "/pproflens/"):
			capture.WriteError(w, http.StatusNotFound, "The gateway has no such path.")
		default:
			objects.ServeHTTP(w, r)
		}
	}
	// A page of another site may not make a browser on this network capture.
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		capture.WriteError(w, http.StatusForbidden, "A page of another site may not ask the gateway for this.")
	}))
	return g.counted(g.ofKnownHost(g.authorized(protection.Handler(http.HandlerFunc(route)))))
}

// ofKnownHost refuses what was sent to a name that is not the gateway's: a page of any site could have its name lead to this machine, and
// would then read and capture as if it were the gateway's own.
func (g *gateway) ofKnownHost(next http.Handler) http.Handler {
	if !g.settings.WantsHost() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		if !config.IsLoopback(host) && !slices.Contains(g.settings.Hosts, host) {
			capture.WriteError(w, http.StatusForbidden, fmt.Sprintf("Expected a name of this machine as Host, got %.100q: without a token the gateway "+
				"answers localhost and loopback addresses, and the names that hosts (-host) has.", host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (g *gateway) serveInfo(w http.ResponseWriter, _ *http.Request) {
	capture.WriteJSON(w, http.StatusOK, map[string]any{
		"version": versionText(), "bucket": g.settings.Name, "captures": g.capturer != nil, "targets": g.targetCount(),
	})
}

// authorized lets through what has the token, where there is one. Whether the gateway lives is no secret.
func (g *gateway) authorized(next http.Handler) http.Handler {
	if g.settings.TokenFile == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Grafana's proxy sends a bucket's Authorization with every request of a data source, so its routes to the gateway have a
		// header of their own.
		token := r.Header.Get(headerToken)
		if bearer, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); token == "" && isBearer {
			token = bearer
		}
		got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(g.token.Get()))
		if r.URL.EscapedPath() != pathHealth && subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			// Not 401: Grafana's proxy hides what is said with it.
			capture.WriteError(w, http.StatusForbidden, "The gateway wants its token: send Authorization: Bearer TOKEN, or "+headerToken+": TOKEN.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// counted measures requests by what they ask for.
func (g *gateway) counted(next http.Handler) http.Handler {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "pproflens_gateway", Name: "http_requests_total", Help: "Requests by method and status.",
	}, []string{"method", "code"})
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "pproflens_gateway", Name: "http_request_duration_seconds", Help: "How long requests took.",
		Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
	}, []string{"method"})
	g.registry.MustRegister(requests, durations)
	return promhttp.InstrumentHandlerDuration(durations, promhttp.InstrumentHandlerCounter(requests, next))
}
