package targets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// What a source may be, in bytes: of a file, and of what Prometheus answers.
const (
	maxFile   = 16 << 20
	maxAnswer = 128 << 20
)

// Set is what was found last. It is safe for concurrent use. Use New.
type Set struct {
	config Config
	logger *slog.Logger
	client *http.Client
	failed func() // counts

	mu      sync.RWMutex
	targets []Target
	sources map[string][]Target // of each, what it had when it last could be read
	said    map[string]bool     // what was logged in the last refresh, and not again while it stays
	saying  map[string]bool     // the same of the one that runs
}

// New returns a set that Run fills. failed is called for each source, and each target of one, that cannot be used.
func New(config Config, logger *slog.Logger, failed func()) *Set {
	client := &http.Client{Timeout: 20 * time.Second}
	return &Set{config: config, logger: logger, client: client, failed: failed, sources: map[string][]Target{}, said: map[string]bool{}, saying: map[string]bool{}}
}

// Rule is how targets are made of labels.
func (s *Set) Rule() Rule { return s.config.Rule }

// All returns the targets by service and instance. It must not be changed.
func (s *Set) All() []Target {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.targets
}

// Find returns those of a service, or one instance of it; an empty name is any.
func (s *Set) Find(service, instance string) []Target {
	var found []Target
	for _, t := range s.All() {
		if (service == "" || t.Service == service) && (instance == "" || t.Instance == instance) {
			found = append(found, t)
		}
	}
	return found
}

// Run looks for targets again and again until the context ends.
func (s *Set) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.config.Refresh):
			s.Refresh(ctx)
		}
	}
}

// Refresh looks for targets once. A source that cannot be read keeps what it had.
func (s *Set) Refresh(ctx context.Context) {
	s.saying = map[string]bool{}
	defer func() { s.said = s.saying }()
	now := map[string][]Target{}
	var all []Target // The first source that has a process names it.
	keep := func(source string, found []Target, err error) {
		if err != nil {
			s.say(source, err)
			found = s.sources[source]
		}
		now[source] = found
		all = append(all, found...)
	}
	keep("urls", s.ofURLs(), nil)
	for _, pattern := range s.config.Files {
		paths, _ := globOf(pattern)
		if len(paths) == 0 { // As good as a mistake in writing it: nothing else would say why there are no targets.
			s.say(pattern, errors.New("no file has such a name"))
		}
		for _, path := range paths {
			found, err := s.ofFile(path)
			keep(path, found, err)
		}
	}
	if s.config.Prometheus.URL != "" {
		found, err := s.ofPrometheus(ctx)
		keep("prometheus", found, err)
	}
	all = sorted(all)
	if len(all) > s.config.Max {
		s.say("max", fmt.Errorf("expected at most %d targets, got %d: the last by name are left out; raise targets.max or narrow targets.rule.keep",
			s.config.Max, len(all)))
		all = all[:s.config.Max]
	}
	s.sources = now
	s.mu.Lock()
	s.targets = all
	s.mu.Unlock()
}

// maxSaid is how much of what is wrong is logged: a file of 10,000 targets may be wrong in each of them.
const maxSaid = 100

// say counts and logs what is wrong with a source, the latter once.
func (s *Set) say(source string, err error) {
	s.failed()
	if len(s.saying) == maxSaid {
		return
	}
	s.saying[source] = true
	if !s.said[source] {
		s.logger.Warn("gateway: targets cannot be read", "source", source, "error", err)
	}
}

func globOf(pattern string) ([]string, error) { return filepath.Glob(pattern) }

func (s *Set) ofURLs() []Target {
	var found []Target
	for _, text := range s.config.URLs {
		if t, err := s.config.ofURL(text); err == nil { // Problems has told of others.
			found = append(found, t)
		}
	}
	return found
}

// group is an entry of a file_sd file.
type group struct {
	Targets []string          `yaml:"targets" json:"targets"`
	Labels  map[string]string `yaml:"labels" json:"labels"`
}

func (s *Set) ofFile(path string) ([]Target, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("expected a file of at most %d bytes", maxFile)
	}
	var groups []group
	if strings.HasSuffix(path, ".json") {
		err = json.Unmarshal(text, &groups)
	} else {
		err = yaml.Unmarshal(text, &groups)
	}
	if err != nil {
		return nil, fmt.Errorf("expected a list of targets and labels as Prometheus' file_sd has it: %w", err)
	}
	var found []Target
	for _, g := range groups {
		for _, address := range g.Targets {
			labels := map[string]string{"instance": address}
			for name, value := range g.Labels {
				labels[name] = value
			}
			labels["__address__"] = address
			found = s.add(found, path, labels)
		}
	}
	return found, nil
}

// add makes a target of labels, if the rule keeps them.
func (s *Set) add(found []Target, source string, labels map[string]string) []Target {
	t, isKept, err := s.config.Rule.ofLabels(labels)
	if err != nil {
		s.say(source+" "+labels[s.config.Rule.Address], err)
		return found
	}
	if isKept {
		found = append(found, t)
	}
	return found
}

func (s *Set) ofPrometheus(ctx context.Context) ([]Target, error) {
	address := strings.TrimSuffix(s.config.Prometheus.URL, "/") + "/api/v1/targets?state=active"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if path := s.config.Prometheus.BearerTokenFile; path != "" {
		token, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("expected 200, got %s", response.Status)
	}
	var answer struct {
		Data struct {
			ActiveTargets []struct {
				DiscoveredLabels map[string]string `json:"discoveredLabels"`
				Labels           map[string]string `json:"labels"`
				ScrapeURL        string            `json:"scrapeUrl"`
			} `json:"activeTargets"`
		} `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("expected what /api/v1/targets answers: %w", err)
	}
	if answer.Data.ActiveTargets == nil {
		return nil, errors.New("expected activeTargets in what /api/v1/targets answers")
	}
	var found []Target
	for _, t := range answer.Data.ActiveTargets {
		labels := t.DiscoveredLabels
		if labels == nil {
			labels = map[string]string{}
		}
		if address := addressOf(t.ScrapeURL); address != "" { // Discovered is what it was before relabelling.
			labels["__address__"] = address
		}
		for name, value := range t.Labels { // What relabelling has made is what alerts have.
			labels[name] = value
		}
		found = s.add(found, "prometheus", labels)
	}
	return found, nil
}

// addressOf is HOST:PORT of a URL that Prometheus scrapes; "" where it has none.
func addressOf(scrapeURL string) string {
	u, err := url.Parse(scrapeURL)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
