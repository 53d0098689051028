// Command pproflens-gateway stands beside a bucket: it answers reads of it as an S3 server does, with the credentials of its own role,
// and captures profiles of processes with net/http/pprof into it. docs/gateway.md says how it is set up.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/pproflens/pproflens/gateway/internal/bucket"
	"github.com/pproflens/pproflens/gateway/internal/capture"
	"github.com/pproflens/pproflens/gateway/internal/config"
	"github.com/pproflens/pproflens/gateway/internal/reread"
	"github.com/pproflens/pproflens/gateway/internal/targets"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version = ""

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. @returns its exit code: 2 for a configuration that is wrong
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	settings, err := config.Parse(arguments, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "pproflens-gateway: the configuration is wrong:\n  %s\n", strings.ReplaceAll(err.Error(), "\n", "\n  "))
		return 2
	case settings.ShowVersion:
		fmt.Fprintln(stdout, "pproflens-gateway", versionText())
		return 0
	}
	logger := loggerOf(settings, stderr)
	if err := serve(ctx, settings, logger); err != nil {
		logger.Error("gateway: cannot go on", "error", err)
		return 1
	}
	return 0
}

func loggerOf(settings config.Config, stderr io.Writer) *slog.Logger {
	var level slog.Level
	level.UnmarshalText([]byte(settings.LogLevel)) // config has told of an error.
	options := &slog.HandlerOptions{Level: level}
	if settings.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(stderr, options))
	}
	return slog.New(slog.NewTextHandler(stderr, options))
}

// gateway is the parts of a running program.
type gateway struct {
	settings config.Config
	logger   *slog.Logger
	bucket   *bucket.Bucket
	targets  *targets.Set
	capturer *capture.Capturer // nil without targets
	registry *prometheus.Registry
	token    *reread.Value[string]
}

func newGateway(ctx context.Context, settings config.Config, logger *slog.Logger) (*gateway, error) {
	g := &gateway{settings: settings, logger: logger, registry: prometheus.NewRegistry()}
	g.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var err error
	if g.bucket, err = bucket.Open(ctx, settings.Bucket, settings.Prefix); err != nil {
		return nil, fmt.Errorf("the bucket cannot be opened: %w", err)
	}
	if g.token, err = reread.New(func() (string, error) { return config.ReadToken(settings.TokenFile) }, logger, settings.TokenFile); err != nil {
		return nil, err
	}
	if !settings.Targets.IsSet() {
		return g, nil
	}
	failures := prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "pproflens_gateway", Name: "target_failures_total", Help: "Sources of targets, and targets, that could not be used.",
	})
	g.targets = targets.New(settings.Targets, logger, failures.Inc)
	number := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "pproflens_gateway", Name: "targets", Help: "Targets that may be captured.",
	}, func() float64 { return float64(len(g.targets.All())) })
	g.registry.MustRegister(failures, number)
	g.capturer, err = capture.New(settings.Captures, g.targets, g.bucket, logger, capture.NewMetrics(g.registry))
	return g, err
}

// How long a stop waits: for requests, and for the bucket to take what was captured.
const (
	stopRequests = 10 * time.Second
	stopUploads  = 15 * time.Second
)

// serve runs until the context ends.
func serve(ctx context.Context, settings config.Config, logger *slog.Logger) error {
	g, err := newGateway(ctx, settings, logger)
	if err != nil {
		return err
	}
	defer g.bucket.Close()
	listener, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		return err
	}
	server, err := g.server()
	if err != nil {
		return err
	}
	var work sync.WaitGroup
	working, stopWork := context.WithCancel(context.Background())
	defer stopWork()
	if g.capturer != nil {
		g.targets.Refresh(ctx)
		work.Go(func() { g.targets.Run(ctx) })
		work.Go(func() { g.capturer.Schedule(ctx) })
		work.Go(func() { g.capturer.Upload(working) })
	}
	failed := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			failed <- server.ServeTLS(listener, "", "")
			return
		}
		failed <- server.Serve(listener)
	}()
	logger.Info("gateway: ready", "address", listener.Addr().String(), "bucket", settings.Name, "version", versionText(), "targets", g.targetCount())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	g.stop(server)
	stopWork()
	work.Wait()
	if g.capturer != nil {
		return g.capturer.Close()
	}
	return nil
}

// stop ends requests, then captures, and gives the bucket some time to take what they have made.
func (g *gateway) stop(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), stopRequests)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		g.logger.Warn("gateway: requests were cut", "error", err)
		server.Close()
	}
	if g.capturer == nil {
		return
	}
	g.capturer.Stop()
	drain, cancel := context.WithTimeout(context.Background(), stopUploads)
	defer cancel()
	if left := g.capturer.Drain(drain); left > 0 {
		g.logger.Warn("gateway: files are left in captures.spool, which the next start uploads", "files", left)
	}
}

func (g *gateway) targetCount() int {
	if g.targets == nil {
		return 0
	}
	return len(g.targets.All())
}

func (g *gateway) server() (*http.Server, error) {
	server := &http.Server{
		Handler: g.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(g.logger.Handler(), slog.LevelDebug),
	}
	files := g.settings.TLS
	if files.CertFile == "" {
		return server, nil
	}
	read := func() (*tls.Config, error) {
		certificates, err := reread.Pair(files.CertFile, files.KeyFile)
		if err != nil {
			return nil, err
		}
		c := &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
		if files.ClientCAFile != "" {
			c.ClientAuth = tls.RequireAndVerifyClientCert
			c.ClientCAs, err = reread.Pool(files.ClientCAFile)
		}
		return c, err
	}
	settings, err := reread.New(read, g.logger, files.CertFile, files.KeyFile, files.ClientCAFile)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	server.TLSConfig = settings.Get().Clone()
	server.TLSConfig.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return settings.Get(), nil }
	return server, nil
}
