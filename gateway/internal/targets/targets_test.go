package targets

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func namesOf(found []Target) string {
	var names []string
	for _, t := range found {
		names = append(names, fmt.Sprintf("%s/%s/%s=%s", t.Service, t.Instance, t.Version, t.URL))
	}
	return strings.Join(names, " ")
}

func TestFilesAreReloaded(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", "- targets: ['10.0.0.1:8080', '[::1]:8080']\n  labels: {service: checkout, version: v1}\n")
	write("b.json", `[{"targets": ["ingester-0.local:9090"], "labels": {"job": "ingester", "pod": "ingester-0"}}]`)
	config := Default()
	config.Files = []string{filepath.Join(dir, "*.yaml"), filepath.Join(dir, "*.json")}
	config.Rule.Port = 6060
	if problems := config.Problems(); len(problems) > 0 {
		t.Fatal(problems)
	}
	failures := 0
	set := New(config, slog.New(slog.DiscardHandler), func() { failures++ })
	set.Refresh(t.Context())
	const first = "checkout/10.0.0.1:8080/v1=http://10.0.0.1:6060/debug/pprof checkout/[::1]:8080/v1=http://[::1]:6060/debug/pprof " +
		"ingester/ingester-0/=http://ingester-0.local:6060/debug/pprof"
	if got := namesOf(set.All()); got != first {
		t.Errorf("got %s", got)
	}
	write("a.yaml", "- targets: [") // Half written: what it had stays.
	set.Refresh(t.Context())
	if got := namesOf(set.All()); got != first || failures != 1 {
		t.Errorf("got %s with %d failures", got, failures)
	}
	write("a.yaml", "- targets: ['10.0.0.2:8080']\n  labels: {service: checkout}\n")
	set.Refresh(t.Context())
	if got := namesOf(set.Find("checkout", "")); got != "checkout/10.0.0.2:8080/=http://10.0.0.2:6060/debug/pprof" {
		t.Errorf("got %s", got)
	}
	os.Remove(filepath.Join(dir, "a.yaml"))
	set.Refresh(t.Context())
	if got := namesOf(set.All()); strings.Contains(got, "checkout") {
		t.Errorf("a file that is gone leaves %s", got)
	}
	if failures != 2 {
		t.Errorf("a pattern without files is said with %d failures in all", failures)
	}
}

// Relabelling may change an address: what Prometheus scrapes is in the URL, what it found in the label.
func TestTheRelabelledAddressIsUsed(t *testing.T) {
	for scraped, want := range map[string]string{
		"http://10.9.0.1:8080/metrics": "http://10.9.0.1:8080/debug/pprof", "https://h/metrics": "http://h:443/debug/pprof",
		"http://[::1]:81/": "http://[::1]:81/debug/pprof", "": "http://10.1.0.1:9090/debug/pprof", "::": "http://10.1.0.1:9090/debug/pprof",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"data":{"activeTargets":[{"discoveredLabels":{"__address__":"10.1.0.1:9090"},"labels":{"job":"a"},"scrapeUrl":%q}]}}`, scraped)
		}))
		config := Default()
		config.Prometheus.URL = server.URL
		set := New(config, slog.New(slog.DiscardHandler), func() {})
		set.Refresh(t.Context())
		server.Close()
		if all := set.All(); len(all) != 1 || all[0].URL.String() != want {
			t.Errorf("%q: got %s, want %s", scraped, namesOf(all), want)
		}
	}
}

func TestWhatIsSaidDoesNotGrow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.json")
	config := Default()
	config.Files = []string{path}
	var said strings.Builder
	set := New(config, slog.New(slog.NewTextHandler(&said, nil)), func() {})
	for round := range 3 {
		var text strings.Builder
		for i := range 300 {
			fmt.Fprintf(&text, `,{"targets":["bad%d-%d"],"labels":{"job":"a"}}`, round, i)
		}
		os.WriteFile(path, []byte("["+text.String()[1:]+"]"), 0o600)
		set.Refresh(t.Context())
		set.Refresh(t.Context())
		if lines := strings.Count(said.String(), "\n"); len(set.said) > maxSaid || lines != (round+1)*maxSaid {
			t.Fatalf("%d are kept, %d lines were logged", len(set.said), lines)
		}
	}
}

func TestAPrometheusIsAsked(t *testing.T) {
	answer := `{"status":"success","data":{"activeTargets":[
		{"discoveredLabels":{"__address__":"10.1.0.1:9090","__meta_kubernetes_pod_label_app":"querier"},"labels":{"instance":"10.1.0.1:9090","job":"k8s","pod":"querier-0"}},
		{"discoveredLabels":{"__address__":"10.1.0.2:9090"},"labels":{"instance":"10.1.0.2:9090","job":"node"}}]}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/prom/api/v1/targets" || r.URL.Query().Get("state") != "active" {
			t.Errorf("asked for %s", r.URL)
		}
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	config := Default()
	config.Prometheus.URL = server.URL + "/prom/"
	config.Rule.Service = []string{"__meta_kubernetes_pod_label_app", "job"}
	config.Rule.Keep = map[string]string{"job": "k8s|other"}
	config.Rule.Port = 6060
	set := New(config, slog.New(slog.DiscardHandler), func() {})
	set.Refresh(t.Context())
	const want = "querier/querier-0/=http://10.1.0.1:6060/debug/pprof"
	if got := namesOf(set.All()); got != want {
		t.Errorf("got %s", got)
	}
	answer = `{"status":"error"}`
	set.Refresh(t.Context())
	if got := namesOf(set.All()); got != want {
		t.Errorf("after an error: got %s", got)
	}
}

// A label must not lead anywhere but to a host and a port.
func TestLabelsAreNoAddresses(t *testing.T) {
	rule := Default().Rule
	for _, address := range []string{
		"", "host", "host:", ":6060", "host:0", "host:65536", "host:-1", "host:80/path", "host/path:80", "user@host:80", "user:secret@host:80", "host:80?x=",
		"host:80#", "http://host:80", "host name:80", "host%2f:80", "host\r\nX: y:80", "[::1", "a\x00b:80", "..:80", "-x:80", "host:80@evil:81",
	} {
		if found, isKept, err := rule.ofLabels(map[string]string{"__address__": address, "service": "s"}); err == nil && isKept {
			t.Errorf("%q becomes %s", address, found.URL)
		}
	}
	for _, hostile := range []string{strings.Repeat("x", 301), "\xff", strings.Repeat("_", 100)} {
		if _, isKept, err := rule.ofLabels(map[string]string{"__address__": "h:1", "service": hostile}); err == nil && isKept {
			t.Errorf("the service %.20q is taken", hostile)
		}
	}
	// Others than the one of the address are names and no more.
	found, isKept, err := rule.ofLabels(map[string]string{
		"__address__": "h:1", "service": "../../etc", "__scheme__": "file", "__metrics_path__": "/admin", "__param_x": "y", "instance": "evil:80/x",
	})
	if err != nil || !isKept || found.URL.String() != "http://h:1/debug/pprof" {
		t.Errorf("got %v, %v", found.URL, err)
	}
}

func TestTenThousandTargets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "many.yaml")
	var text strings.Builder
	for i := range 12_000 {
		fmt.Fprintf(&text, "- targets: ['10.%d.%d.%d:6060']\n  labels: {service: s%d}\n", i>>16, i>>8&255, i&255, i%100)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	config := Default()
	config.Files = []string{path}
	failures := 0
	set := New(config, slog.New(slog.DiscardHandler), func() { failures++ })
	begin := time.Now()
	set.Refresh(t.Context())
	if n := len(set.All()); n != 10_000 || failures != 1 {
		t.Errorf("got %d targets and %d failures, want 10,000 and one", n, failures)
	}
	if n := len(set.Find("s42", "")); n != 120 {
		t.Errorf("got %d of a service", n)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestProblemsOfTargets(t *testing.T) {
	config := Default()
	config.URLs = []string{"localhost:6060", "shop=http://user:secret@host:6060/?x=1"}
	config.Files = []string{"["}
	config.Prometheus.URL = "prometheus:9090"
	config.Refresh, config.Max = 0, 0
	config.Rule = Rule{Port: 70_000, Path: "/../x", Scheme: "ftp", Keep: map[string]string{"a": "("}, TLS: TLS{CertFile: "/nowhere"}}
	all := strings.Join(config.Problems(), "\n")
	for _, want := range []string{
		`"localhost:6060"`, "…@host", "files:", "prometheus:", "refresh:", "max:", "labels for service", "port:", "path:", "scheme:", "keep:", "key_file", "/nowhere",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not among\n%s", want, all)
		}
	}
	if strings.Contains(all, "secret") {
		t.Errorf("a password is told: %s", all)
	}
}

func TestURLsOfTargets(t *testing.T) {
	config := Default()
	for text, want := range map[string]string{
		"http://localhost:6060":               "localhost/localhost:6060/=http://localhost:6060/debug/pprof",
		"shop=http://localhost:6060/":         "shop/localhost:6060/=http://localhost:6060/debug/pprof",
		"shop=https://h/internal/debug/pprof": "shop/h/=https://h/internal/debug/pprof",
	} {
		found, err := config.ofURL(text)
		if err != nil || namesOf([]Target{found}) != want {
			t.Errorf("%s: got %s, %v", text, namesOf([]Target{found}), err)
		}
	}
}
