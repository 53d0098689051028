// Package targets finds the processes whose profiles may be read: those that the operator names, that Prometheus' file_sd files
// have, or that a Prometheus scrapes. An address comes from there alone, never from a request.
package targets

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pproflens/pproflens/autoprofiler/key"
)

// Config is where targets come from.
type Config struct {
	// URLs are addresses of net/http/pprof: http://host:6060, or NAME=http://host:6060 to name the service.
	URLs []string `yaml:"urls"`
	// Files are patterns of file_sd files, YAML or JSON.
	Files      []string      `yaml:"files"`
	Prometheus Prometheus    `yaml:"prometheus"`
	Refresh    time.Duration `yaml:"refresh"`
	Max        int           `yaml:"max"`
	Rule       Rule          `yaml:"rule"`
}

// Prometheus is one whose active targets are asked for.
type Prometheus struct {
	URL             string `yaml:"url"`
	BearerTokenFile string `yaml:"bearer_token_file"`
}

// Rule makes a target of labels.
type Rule struct {
	// Labels to take each from: the first that has a value.
	Service  []string `yaml:"service"`
	Instance []string `yaml:"instance"`
	Version  []string `yaml:"version"`
	// Address is the label with HOST:PORT; Port, if any, takes the place of its port.
	Address string `yaml:"address"`
	Port    int    `yaml:"port"`
	Path    string `yaml:"path"`
	Scheme  string `yaml:"scheme"`
	// Keep has a pattern for each label that must match as a whole.
	Keep      map[string]string `yaml:"keep"`
	BasicAuth BasicAuth         `yaml:"basic_auth"`
	TLS       TLS               `yaml:"tls"`
}

// BasicAuth is sent to targets.
type BasicAuth struct {
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
}

// TLS is how targets with https are reached.
type TLS struct {
	CAFile     string `yaml:"ca_file"`
	CertFile   string `yaml:"cert_file"`
	KeyFile    string `yaml:"key_file"`
	ServerName string `yaml:"server_name"`
}

// Default is a Config without targets.
func Default() Config {
	return Config{
		Refresh: 30 * time.Second,
		Max:     10_000,
		Rule: Rule{
			Service:  []string{"service", "service_name", "app", "job"},
			Instance: []string{"pod", "instance"},
			Version:  []string{"version"},
			Address:  "__address__",
			Path:     "/debug/pprof",
			Scheme:   "http",
		},
	}
}

// IsSet reports whether there is somewhere to look for targets.
func (c Config) IsSet() bool { return len(c.URLs)+len(c.Files) > 0 || c.Prometheus.URL != "" }

// Problems are what is wrong with a configuration.
func (c Config) Problems() []string {
	var problems []string
	add := func(format string, values ...any) {
		problems = append(problems, "targets: "+fmt.Sprintf(format, values...))
	}
	for _, text := range c.URLs {
		if _, err := c.ofURL(text); err != nil {
			add("%v", err)
		}
	}
	for _, pattern := range c.Files {
		if _, err := globOf(pattern); err != nil {
			add("files: expected a pattern such as /etc/targets/*.yaml, got %q", pattern)
		}
	}
	if u, err := url.Parse(c.Prometheus.URL); c.Prometheus.URL != "" && (err != nil || !isHTTP(u)) {
		add("prometheus: expected a URL such as http://prometheus:9090, got %q", c.Prometheus.URL)
	}
	if c.Refresh < time.Second {
		add("refresh: expected at least 1s, got %v", c.Refresh)
	}
	if c.Max < 1 {
		add("max: expected at least 1, got %d", c.Max)
	}
	return append(problems, c.Rule.problems()...)
}

func (r Rule) problems() []string {
	var problems []string
	add := func(format string, values ...any) {
		problems = append(problems, "targets.rule: "+fmt.Sprintf(format, values...))
	}
	if len(r.Service) == 0 || len(r.Instance) == 0 || r.Address == "" {
		add("expected labels for service, instance and address")
	}
	if r.Port < 0 || r.Port > 65535 {
		add("port: expected 1 to 65535, or none for that of the address, got %d", r.Port)
	}
	if !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "?#%") || strings.Contains(r.Path, "..") {
		add("path: expected one such as /debug/pprof, got %q", r.Path)
	}
	if r.Scheme != "http" && r.Scheme != "https" {
		add("scheme: expected http or https, got %q", r.Scheme)
	}
	for label, pattern := range r.Keep {
		if _, err := regexp.Compile(`^(?:` + pattern + `)$`); err != nil {
			add("keep: the pattern of %s: %v", label, err)
		}
	}
	if (r.TLS.CertFile == "") != (r.TLS.KeyFile == "") {
		add("tls: expected cert_file and key_file both, or none")
	}
	for _, path := range []string{r.TLS.CAFile, r.TLS.CertFile, r.TLS.KeyFile, r.BasicAuth.PasswordFile} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			add("expected a file that can be read: %v", err)
		}
	}
	return problems
}

func isHTTP(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" }

// Target is a process with net/http/pprof.
type Target struct {
	Service, Instance, Version string
	// URL is that of pprof's index without a slash at its end. It may have a user, so it is for no answer and no log.
	URL *url.URL
}

// ID is what tells a target from all others: one process is one target, whatever its labels.
func (t Target) ID() string { return t.URL.Host + t.URL.Path }

// ofURL makes a target of an address that the operator has written.
func (c Config) ofURL(text string) (Target, error) {
	name, address, isNamed := strings.Cut(text, "=")
	if !isNamed || strings.Contains(name, "/") {
		name, address = "", text
	}
	u, err := url.Parse(address)
	if err != nil || !isHTTP(u) || u.RawQuery != "" || u.Fragment != "" {
		return Target{}, fmt.Errorf("expected a target such as http://localhost:6060 or checkout=http://localhost:6060, got %q", redacted(text))
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	if u.Path == "" {
		u.Path = c.Rule.Path
	}
	t := Target{Service: cmp.Or(name, u.Hostname()), Instance: u.Host, URL: u}
	return t, t.check()
}

// redacted leaves the password of an address out.
func redacted(text string) string {
	if at := strings.LastIndex(text, "@"); at >= 0 {
		return "…" + text[at:]
	}
	return text
}

// ofLabels makes a target of labels. It returns false for one that the rule does not keep.
func (r Rule) ofLabels(labels map[string]string) (Target, bool, error) {
	for label, pattern := range r.Keep {
		if !regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(labels[label]) {
			return Target{}, false, nil
		}
	}
	host, port, err := net.SplitHostPort(labels[r.Address])
	if err != nil && r.Port != 0 {
		host, port, err = strings.Trim(labels[r.Address], "[]"), "", nil
	}
	if r.Port != 0 {
		port = strconv.Itoa(r.Port)
	}
	n, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || n == 0 || !isHost(host) {
		return Target{}, false, fmt.Errorf("expected HOST:PORT as %s, got %q", r.Address, labels[r.Address])
	}
	t := Target{
		Service:  first(labels, r.Service),
		Instance: cmp.Or(first(labels, r.Instance), labels[r.Address]),
		Version:  first(labels, r.Version),
		URL:      &url.URL{Scheme: r.Scheme, Host: net.JoinHostPort(host, port), Path: strings.TrimSuffix(r.Path, "/")},
	}
	return t, true, t.check()
}

// hostPattern is a name of the DNS, which a label may not turn into more.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$`)

func isHost(host string) bool { return net.ParseIP(host) != nil || hostPattern.MatchString(host) }

func first(labels map[string]string, names []string) string {
	for _, name := range names {
		if labels[name] != "" {
			return labels[name]
		}
	}
	return ""
}

// maxName is the longest name of a target, in bytes.
const maxName = 300

func (t Target) check() error {
	if t.Service == "" {
		return errors.New("expected a label that names the service, got none")
	}
	for _, name := range []string{t.Service, t.Instance, t.Version} {
		if len(name) > maxName || !utf8.ValidString(name) {
			return fmt.Errorf("expected names of at most %d bytes of UTF-8, got %.40q…", maxName, name)
		}
	}
	if len(key.Field(t.Service)) > key.MaxService {
		return fmt.Errorf("expected a service whose name has at most %d bytes in a key, got %.40q…", key.MaxService, t.Service)
	}
	return nil
}

// Names are the service and the instance that labels name by the rule. Either may be "".
func (r Rule) Names(labels map[string]string) (service, instance string) {
	return first(labels, r.Service), first(labels, r.Instance)
}

// sorted are targets by service and instance, each process once.
func sorted(found []Target) []Target {
	once := map[string]Target{}
	for _, t := range found {
		if _, isThere := once[t.ID()]; !isThere {
			once[t.ID()] = t
		}
	}
	return slices.SortedFunc(maps.Values(once), func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.ID(), b.ID()))
	})
}
