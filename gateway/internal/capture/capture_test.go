package capture

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pprof "github.com/google/pprof/profile"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/key"
	"github.com/pproflens/pproflens/gateway/internal/targets"
)

// asTarget in the environment makes the test's binary a process with net/http/pprof and nothing else.
const asTarget = "GATEWAY_TEST_TARGET"

func TestMain(m *testing.M) {
	if os.Getenv(asTarget) == "" {
		os.Exit(m.Run())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	held := make([][]byte, 0, 1000)
	for range 1000 {
		held = append(held, bytes.Repeat([]byte{1}, 16<<10)) // Touched, so that it is resident.
	}
	go func() {
		for { // Something for the CPU profile.
			rand.Uint64()
			time.Sleep(time.Microsecond)
		}
	}()
	fmt.Println(listener.Addr())
	http.Serve(listener, nil)
	runtime.KeepAlive(held)
}

// process is such a process.
type process struct {
	url  string
	kill func()
}

func startProcess(t *testing.T) process {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), asTarget+"=1")
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() { command.Process.Kill(); command.Wait() })
	t.Cleanup(kill)
	var address string
	if _, err := fmt.Fscanln(out, &address); err != nil {
		t.Fatal(err)
	}
	return process{"http://" + address, kill}
}

// store is a bucket in memory that can be away.
type store struct {
	mu    sync.Mutex
	files map[string][]byte
	away  atomic.Bool
}

func (s *store) Put(_ context.Context, key string, body io.Reader) error {
	if s.away.Load() {
		return errors.New("the bucket is away")
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[key] = text
	return nil
}

// of returns the files of an event by name.
func (s *store) of(e Event) map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string][]byte{}
	for name, text := range s.files {
		if path.Dir(name) == e.Folder {
			found[path.Base(name)] = text
		}
	}
	return found
}

type rig struct {
	*Capturer
	store *store
	set   *targets.Set
	url   string // of the API
}

// newRig captures into memory. Its targets are these URLs.
func newRig(t *testing.T, change func(*Config, *targets.Config), urls ...string) *rig {
	t.Helper()
	config, where := Default(), targets.Default()
	config.Spool, config.Cooldown = t.TempDir(), 0
	where.URLs = urls
	if change != nil {
		change(&config, &where)
	}
	if problems := append(config.Problems(), where.Problems()...); len(problems) > 0 {
		t.Fatal(problems)
	}
	logger := slog.New(slog.DiscardHandler)
	set := targets.New(where, logger, func() {})
	set.Refresh(t.Context())
	s := &store{files: map[string][]byte{}}
	c, err := New(config, set, s, logger, NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var uploads sync.WaitGroup
	uploads.Go(func() { c.Upload(ctx) })
	mux := http.NewServeMux()
	mux.HandleFunc("/pproflens/targets", c.ServeTargets)
	mux.HandleFunc("/pproflens/captures", c.ServeCaptures)
	mux.HandleFunc("/pproflens/alerts", c.ServeAlerts)
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.Close(); c.Stop(); cancel(); uploads.Wait(); c.Close() })
	return &rig{c, s, set, server.URL + "/pproflens/"}
}

func (r *rig) post(t *testing.T, path, body string) (status int, answer map[string]json.RawMessage) {
	t.Helper()
	response, err := http.Post(r.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// targetsAnswer is what a form is told.
type targetsAnswer struct {
	Targets                  []TargetInfo
	MaxSeconds, MaxInstances int
}

func (r *rig) targets(t *testing.T) (answer targetsAnswer) {
	t.Helper()
	response, err := http.Get(r.url + "targets")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// begin posts a capture, which must be accepted.
func (r *rig) begin(t *testing.T, body string) []Event {
	t.Helper()
	status, answer := r.post(t, "captures", body)
	var events []Event
	json.Unmarshal(answer["events"], &events)
	if status != 202 || len(events) == 0 {
		t.Fatalf("got %d %s", status, answer)
	}
	return events
}

// await asks for an event until it is in one of these states.
func (r *rig) await(t *testing.T, id string, states ...string) Event {
	t.Helper()
	var e Event
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(r.url + "captures?id=" + id)
		if err != nil {
			t.Fatal(err)
		}
		json.NewDecoder(response.Body).Decode(&e)
		response.Body.Close()
		for _, state := range states {
			if e.State == state {
				return e
			}
		}
	}
	t.Fatalf("after 30 s it is %+v, want %v", e, states)
	return e
}

func fileOf(t *testing.T, e Event, name string) File {
	t.Helper()
	for _, f := range e.Files {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no %s in %+v", name, e)
	return File{}
}

func TestOnDemandAllOfAProcess(t *testing.T) {
	r := newRig(t, nil, "shop="+startProcess(t).url)
	begin := time.Now()
	body, _ := json.Marshal(map[string]any{"service": "shop", "profiles": Profiles(), "seconds": 1, "reason": "a look\nat it"})
	e := r.await(t, r.begin(t, string(body))[0].ID, StateStored, StatePartial)
	files := r.store.of(e)
	for _, p := range known {
		text, isThere := files[p.file]
		if p.name == "goroutineleak" { // Go 1.26 has it by an experiment alone.
			if isThere == (fileOf(t, e, p.file).Reason != "") {
				t.Errorf("goroutineleak: %+v", fileOf(t, e, p.file))
			}
			continue
		}
		if !isThere || fileOf(t, e, p.file).State != StateStored || !key.Is(e.Folder+"/"+p.file) {
			t.Errorf("%s: %+v", p.file, fileOf(t, e, p.file))
			continue
		}
		checkProfile(t, p.file, text)
	}
	var meta autoprofiler.Meta
	if err := json.Unmarshal(files["meta.json"], &meta); err != nil {
		t.Fatal(err)
	}
	if meta.Event != e.ID || meta.Trigger != "manual" || meta.Reason != "a look at it" || meta.MemStats.HeapInuse < 16<<20 || meta.MemStats.StackSys == 0 ||
		meta.Value != meta.Memory.Heap || meta.Value < 16<<20 || meta.Memory.RSSPeak < 16<<20 || meta.Time.Before(begin.Add(-time.Second)) {
		t.Errorf("got %s", files["meta.json"])
	}
	for _, name := range meta.Files {
		if _, isThere := files[name]; !isThere {
			t.Errorf("meta.json has %s, which is not there", name)
		}
	}
	if !strings.Contains(e.Folder, fmt.Sprintf("_manual_%d-0_", meta.Value)) {
		t.Errorf("the folder %s does not say %d", e.Folder, meta.Value)
	}
}

// checkProfile looks whether a file is what its name says.
func checkProfile(t *testing.T, name string, text []byte) {
	t.Helper()
	switch {
	case strings.HasSuffix(name, ".pb.gz"):
		p, err := pprof.ParseData(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if delta := strings.Contains(name, "-delta"); delta != (p.DurationNanos > 0) && name != "cpu.pb.gz" {
			t.Errorf("%s covers %d ns", name, p.DurationNanos)
		}
	case strings.HasSuffix(name, ".txt.gz"):
		z, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if dump, err := io.ReadAll(z); err != nil || !bytes.Contains(dump, []byte("goroutine 1 [")) {
			t.Errorf("%s: %.100s, %v", name, dump, err)
		}
	case name == "trace.out" && !bytes.HasPrefix(text, []byte("go 1.")):
		t.Errorf("%s begins with %.20q", name, text)
	}
}

func TestOrdersThatAreRefused(t *testing.T) {
	one, two := startProcess(t), startProcess(t)
	r := newRig(t, func(c *Config, _ *targets.Config) { c.Cooldown, c.Instances = time.Hour, 1 }, "shop="+one.url, "shop="+two.url, "other="+one.url)
	for body, why := range map[string]string{
		`{"service":"nobody","profiles":["heap"]}`:                                    `404 there is no target of service "nobody"`,
		`{"service":"shop","instance":"http://169.254.169.254/","profiles":["heap"]}`: "404 there is no target",
		`{"service":"shop","profiles":["heap"]}`:                                      "400 the service has 2 instances: choose an instance, or all",
		`{"service":"shop","all":true,"profiles":["heap"]}`:                           "400 the service has 2 instances, at most 1",
		`{"service":"shop","all":true,"instance":"x","profiles":["heap"]}`:            "400 expected an instance or all",
		`{"profiles":["heap"]}`:                                                       "400 service: expected",
		`{"service":"shop","profiles":[]}`:                                            "400 profiles: expected at least one",
		`{"service":"shop","profiles":["../../etc/passwd"]}`:                          "400 profiles: expected profiles among heap",
		`{"service":"shop","profiles":["cmdline"]}`:                                   "400 profiles: expected profiles among heap",
		`{"service":"shop","profiles":["cpu"]}`:                                       "400 seconds: expected 1 to 60, got 0",
		`{"service":"shop","profiles":["trace"],"seconds":61}`:                        "400 seconds: expected 1 to 60, got 61",
		`{"service":"shop","profiles":["heap"],"url":"http://evil/"}`:                 `400 the body cannot be read: json: unknown field "url"`,
		`{"service":"shop","profiles":["heap"]}{}`:                                    "400 the body cannot be read: more follows",
		`[`: "400 the body cannot be read",
		`{"service":"shop","profiles":["heap"],"reason":"` + strings.Repeat("x", 70_000) + `"}`: "413 expected a body of at most",
	} {
		status, answer := r.post(t, "captures", body)
		var said string
		json.Unmarshal(answer["error"], &said)
		if got := fmt.Sprint(status, " ", said); !strings.HasPrefix(got, why) {
			t.Errorf("%.100s: got %s, want %s", body, got, why)
		}
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} { // What a page of another site can send.
		response, err := http.Post(r.url+"captures", kind, strings.NewReader(`{"service":"other","profiles":["heap"]}`))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%q: got %d", kind, response.StatusCode)
		}
	}
	if answer := r.targets(t); answer.MaxInstances != 1 || answer.MaxSeconds != 60 || len(answer.Targets) != 2 || answer.Targets[0].Busy {
		t.Errorf("the form is told %+v", answer)
	}
	if len(r.events.recent(10)) != 0 {
		t.Errorf("one of these began: %+v", r.events.recent(10))
	}
	const order = `{"service":"shop","instance":"%s","profiles":["cpu","heap"],"seconds":1}`
	body := fmt.Sprintf(order, strings.TrimPrefix(two.url, "http://"))
	e := r.begin(t, body)[0]
	if found := slices.DeleteFunc(r.targets(t).Targets, func(info TargetInfo) bool { return !info.Busy }); len(found) != 1 || found[0].Instance != e.Instance {
		t.Errorf("busy are %+v", found)
	}
	if status, answer := r.post(t, "captures", body); status != 409 || !strings.Contains(string(answer["refused"]), e.ID) {
		t.Errorf("a second one: got %d %s", status, answer)
	}
	r.await(t, e.ID, StateStored)
	if status, answer := r.post(t, "captures", body); status != 429 || !strings.Contains(string(answer["error"]), "less than 1h") {
		t.Errorf("one soon after: got %d %s", status, answer)
	}
}

func TestAProfilerInUse(t *testing.T) {
	p := startProcess(t)
	r := newRig(t, nil, "shop="+p.url)
	other := make(chan error, 1)
	go func() {
		response, err := http.Get(p.url + "/debug/pprof/profile?seconds=3")
		if err == nil {
			response.Body.Close()
		}
		other <- err
	}()
	time.Sleep(500 * time.Millisecond)
	e := r.await(t, r.begin(t, `{"service":"shop","profiles":["cpu","heap"],"seconds":1}`)[0].ID, StateStored, StatePartial, StateFailed)
	if f := fileOf(t, e, "cpu.pb.gz"); e.State != StatePartial || f.State != StateFailed || !strings.HasPrefix(f.Reason, "already in use") {
		t.Errorf("got %s, %+v", e.State, f)
	}
	if f := fileOf(t, e, "heap.pb.gz"); f.State != StateStored {
		t.Errorf("got %+v", f)
	}
	if err := <-other; err != nil {
		t.Fatal(err)
	}
}

func TestAProcessThatDies(t *testing.T) {
	p := startProcess(t)
	r := newRig(t, nil, "shop="+p.url)
	e := r.begin(t, `{"service":"shop","profiles":["heap","trace","cpu","allocs-delta"],"seconds":20}`)[0]
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if now, _ := r.events.get(e.ID); fileOf(t, now, "cpu.pb.gz").State == StateReading {
			break
		}
	}
	time.Sleep(300 * time.Millisecond)
	p.kill()
	e = r.await(t, e.ID, StatePartial)
	if f := fileOf(t, e, "heap.pb.gz"); f.State != StateStored {
		t.Errorf("what was read before is %+v", f)
	}
	for _, name := range []string{"cpu.pb.gz", "trace.out", "allocs-delta.pb.gz"} {
		if f := fileOf(t, e, name); f.State != StateFailed || !strings.Contains(f.Reason, "ended") {
			t.Errorf("got %+v", f)
		}
	}
	if files := r.store.of(e); !strings.Contains(string(files["meta.json"]), "ended") || files["heap.pb.gz"] == nil || len(files) != 2 {
		t.Errorf("got %d files, %s", len(files), files["meta.json"])
	}
	e = r.await(t, r.begin(t, `{"service":"shop","profiles":["heap"]}`)[0].ID, StateFailed)
	if f := fileOf(t, e, "heap.pb.gz"); !strings.Contains(f.Reason, "nothing listens") || len(r.store.of(e)) != 0 {
		t.Errorf("of a process that is gone: got %+v", f)
	}
}

// hostile answers as no pprof does. reached counts what a redirect leads to.
func hostile(t *testing.T) (url string, reached *atomic.Int64) {
	t.Helper()
	reached = new(atomic.Int64)
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.Write([]byte("\x1f\x8bsecret"))
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path.Base(r.URL.Path) {
		case "heap":
			http.Redirect(w, r, inner.URL+"/latest/meta-data", http.StatusTemporaryRedirect)
		case "trace": // Without end.
			w.Write([]byte("go 1.25 trace\x00\x00\x00"))
			for r.Context().Err() == nil {
				w.Write(make([]byte, 64<<10))
			}
		case "mutex":
			w.Write([]byte(gzipped))
			for r.Context().Err() == nil {
				w.Write(make([]byte, 64<<10))
			}
		case "block":
			fmt.Fprint(w, "<html><title>Sign in</title>")
		case "allocs": // Says more than it has.
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte(gzipped + "short"))
		case "goroutine":
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, "no\x1b[31m\nway", strings.Repeat("x", 10_000))
		}
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close(); inner.Close() })
	return server.URL, reached
}

func TestHostileProcesses(t *testing.T) {
	url, reached := hostile(t)
	r := newRig(t, func(c *Config, _ *targets.Config) { c.MaxBytes = 1 << 20 }, "shop="+url)
	e := r.await(t, r.begin(t, `{"service":"shop","profiles":["heap","trace","mutex","block","allocs","goroutine"],"seconds":1}`)[0].ID, StatePartial)
	for name, why := range map[string]string{
		"heap.pb.gz":      "a redirect, which is not followed",
		"trace.out":       "cut after 1048576 bytes",
		"mutex.pb.gz":     "expected at most 1048576 bytes",
		"block.pb.gz":     `begins with "<h"`,
		"allocs.pb.gz":    "ended while it was read",
		"goroutine.pb.gz": "answered 500: no [31m wayxxx",
	} {
		f := fileOf(t, e, name)
		if !strings.Contains(f.Reason, why) || len(f.Reason) > 600 || (f.State == StateStored) != (name == "trace.out") {
			t.Errorf("got %+v, want %s", f, why)
		}
	}
	if reached.Load() != 0 {
		t.Error("a redirect was followed")
	}
	if files := r.store.of(e); len(files) != 2 || len(files["trace.out"]) != 1<<20 {
		t.Errorf("got %d files, a trace of %d bytes", len(files), len(files["trace.out"]))
	}
}

func TestLinkLocalAddressesAreRefused(t *testing.T) {
	for _, address := range []string{"169.254.169.254:80", "[fe80::1]:80", "[::ffff:169.254.169.254]:80", "0.0.0.0:80", "224.0.0.1:80"} {
		if refuseLinkLocal("tcp", address, nil) == nil {
			t.Errorf("%s is asked", address)
		}
	}
	for _, address := range []string{"127.0.0.1:6060", "10.0.0.1:80", "[::1]:80", "[fd00::1]:80"} {
		if err := refuseLinkLocal("tcp", address, nil); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	r := newRig(t, nil, "shop=http://169.254.169.254:80")
	e := r.await(t, r.begin(t, `{"service":"shop","profiles":["heap"]}`)[0].ID, StateFailed)
	if f := fileOf(t, e, "heap.pb.gz"); !strings.Contains(f.Reason, "no address of a target") {
		t.Errorf("got %+v", f)
	}
}

const alertOf = `{"status":"firing","labels":{"alertname":"HeapNearLimit","service":"shop","instance":"%s"},"startsAt":"2026-11-29T10:00:00Z","fingerprint":"%s"}`

func (r *rig) alert(t *testing.T, alerts ...string) []Outcome {
	t.Helper()
	status, answer := r.post(t, "alerts", `{"version":"4","status":"firing","receiver":"x","alerts":[`+strings.Join(alerts, ",")+`]}`)
	var outcomes []Outcome
	if err := json.Unmarshal(answer["alerts"], &outcomes); err != nil {
		t.Fatalf("got %d %s", status, answer)
	}
	want := http.StatusOK
	for _, o := range outcomes {
		if o.Outcome == outcomeRefused { // Alertmanager sends it again.
			want = http.StatusServiceUnavailable
		}
	}
	if status != want {
		t.Errorf("got %d for %s, want %d", status, answer, want)
	}
	return outcomes
}

func TestATimeThatCannotBeReadDropsNoAlert(t *testing.T) {
	p := startProcess(t)
	r := newRig(t, func(c *Config, _ *targets.Config) { c.Alerts.Profiles = []string{"heap"} }, "shop="+p.url)
	got := r.alert(t,
		`{"status":"firing","labels":{"alertname":"A","service":"shop"},"startsAt":"yesterday"}`,
		`{"status":"firing","labels":{"alertname":"B","service":"other"},"startsAt":7}`)
	if len(got) != 2 || got[0].Outcome != outcomeCaptured || got[1].Outcome != outcomeNoTarget {
		t.Errorf("got %+v", got)
	}
	r.await(t, got[0].Event, StateStored)
}

// A process that is gone holds a turn for one dial, not for one of each profile.
func TestAProcessThatIsGoneIsDialledOnce(t *testing.T) {
	p := startProcess(t)
	r := newRig(t, nil, "shop="+p.url)
	p.kill()
	e := r.await(t, r.begin(t, `{"service":"shop","profiles":["heap","goroutine","cpu","allocs-delta"],"seconds":1}`)[0].ID, StateFailed)
	for _, f := range e.Files {
		if f.Name != metaName && !strings.Contains(f.Reason, "nothing listens") {
			t.Errorf("got %+v", f)
		}
		if n := testutil.ToFloat64(r.metrics.Failures.WithLabelValues(f.Profile)); n != 0 {
			t.Errorf("%s was asked for %v times", f.Profile, n)
		}
	}
}

func TestASpoolThatFailsIsCounted(t *testing.T) {
	r := newRig(t, nil, "shop="+startProcess(t).url)
	if err := os.RemoveAll(r.config.Spool); err != nil {
		t.Fatal(err)
	}
	e := r.await(t, r.begin(t, `{"service":"shop","profiles":["heap"]}`)[0].ID, StateFailed)
	if f := fileOf(t, e, "heap.pb.gz"); !strings.Contains(f.Reason, "captures.spool does not take files") {
		t.Errorf("got %+v", f)
	}
	if n := testutil.ToFloat64(r.metrics.SpoolTroubles); n == 0 {
		t.Error("it is not counted")
	}
}

// The spool fills up while a process is read, not when the file is begun.
func TestASpoolThatIsFullIsCounted(t *testing.T) {
	r := newRig(t, func(c *Config, _ *targets.Config) { c.SpoolBytes, c.MaxBytes = 1<<20, 1<<20 }, "shop="+startProcess(t).url)
	other, err := r.spool.Create("shop/2026/11/29/14/20261129T143759.416Z_kzkbk9xq_manual_0-0_a_!/heap.pb.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Discard()
	if _, err := other.Write(make([]byte, 1<<20-10)); err != nil {
		t.Fatal(err)
	}
	e := r.await(t, r.begin(t, `{"service":"shop","profiles":["heap"]}`)[0].ID, StateFailed)
	if f := fileOf(t, e, "heap.pb.gz"); !strings.HasPrefix(f.Reason, "captures.spool does not take files: the spool is full") || strings.Contains(f.Reason, "\n") {
		t.Errorf("got %+v", f)
	}
	if n := testutil.ToFloat64(r.metrics.SpoolTroubles); n != 1 {
		t.Errorf("it is counted %v times", n)
	}
}

func TestACaptureThatIsGivenUpIsCounted(t *testing.T) {
	r := newRig(t, func(c *Config, _ *targets.Config) { c.Concurrent = 1 }, "shop=http://127.0.0.1:1")
	r.turn <- struct{}{} // All turns are taken.
	e := r.begin(t, `{"service":"shop","profiles":["heap"]}`)[0]
	r.Stop()
	<-r.turn
	if now, _ := r.events.get(e.ID); now.State != StateFailed || testutil.ToFloat64(r.metrics.Captures.WithLabelValues(TriggerManual, StateFailed)) != 1 {
		t.Errorf("got %+v", now)
	}
}

// Run with the race detector: what is let in while a stop begins is waited for.
func TestAStopBesideCapturesThatBegin(t *testing.T) {
	r := newRig(t, nil, "shop=http://127.0.0.1:1")
	profiles, _ := profilesOf([]string{"heap"})
	var begin sync.WaitGroup
	for range 8 {
		begin.Go(func() {
			for range 200 {
				r.start(request{target: r.set.All()[0], profiles: profiles, trigger: TriggerManual})
			}
		})
	}
	r.Stop()
	begin.Wait()
	if _, refusal := r.start(request{target: r.set.All()[0], profiles: profiles, trigger: TriggerManual}); refusal == nil || refusal.Status != 503 {
		t.Errorf("after the stop: got %+v", refusal)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting != 0 {
		t.Errorf("%d captures are left", r.waiting)
	}
}

func TestAnAlertCaptures(t *testing.T) {
	p := startProcess(t)
	instance := strings.TrimPrefix(p.url, "http://")
	r := newRig(t, func(c *Config, _ *targets.Config) {
		c.Alerts.Seconds = 1
		c.Alerts.Match = map[string]string{"alertname": "Heap.*"}
	}, "shop="+p.url)
	got := r.alert(t,
		fmt.Sprintf(alertOf, instance, "f1"),
		fmt.Sprintf(alertOf, instance, "f2"),
		fmt.Sprintf(alertOf, "10.0.0.1:1", "f3"),
		`{"status":"resolved","labels":{"alertname":"HeapNearLimit"}}`,
		`{"status":"firing","labels":{"alertname":"DiskFull","service":"shop"}}`,
		`{"status":"firing","labels":{"alertname":"HeapX"}}`)
	want := []string{outcomeCaptured, outcomeCovered, outcomeNoTarget, outcomeResolved, outcomeUnmatched, outcomeNoTarget}
	for i, o := range got {
		if o.Outcome != want[i] {
			t.Errorf("alert %d: got %+v, want %s", i, o, want[i])
		}
	}
	e := r.await(t, got[0].Event, StateStored)
	if got[1].Event != e.ID {
		t.Errorf("covered by %s, not by %s", got[1].Event, e.ID)
	}
	var meta autoprofiler.Meta
	json.Unmarshal(r.store.of(e)["meta.json"], &meta)
	if meta.Trigger != "alert" || meta.Alert == nil || meta.Alert.Name != "HeapNearLimit" || meta.Alert.Fingerprint != "f1" ||
		!meta.Alert.Start.Equal(time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)) || fmt.Sprint(meta.Files) != "[heap.pb.gz goroutine.pb.gz cpu.pb.gz]" {
		t.Errorf("got %s", r.store.of(e)["meta.json"])
	}
	if o := r.alert(t, fmt.Sprintf(alertOf, instance, "f1"))[0]; o.Outcome != outcomeCooldown {
		t.Errorf("again: got %+v", o)
	}
	// An alert of the service captures those it has.
	o := r.alert(t, `{"status":"firing","labels":{"alertname":"HeapOfService","service":"shop"}}`)[0]
	if o.Outcome != outcomeCaptured {
		t.Fatalf("of the service: got %+v", o)
	}
	r.await(t, o.Event, StateStored)
	// Metrics are on another port of the host than pprof.
	if o := r.alert(t, fmt.Sprintf(alertOf, "127.0.0.1:8080", "f4"))[0]; o.Outcome != outcomeCaptured || o.Instance != instance {
		t.Errorf("on another port: got %+v", o)
	}
}

// An alert does not wait for a scheduled CPU profile, but the process makes one at a time.
func TestAnAlertDuringAScheduledCapture(t *testing.T) {
	p := startProcess(t)
	r := newRig(t, func(c *Config, _ *targets.Config) { c.Alerts.Seconds = 1 }, "shop="+p.url)
	profiles, _ := profilesOf([]string{"cpu"})
	scheduled, refusal := r.start(request{target: r.set.All()[0], profiles: profiles, seconds: 2, trigger: TriggerInterval})
	if refusal != nil {
		t.Fatal(refusal)
	}
	time.Sleep(300 * time.Millisecond)
	alerted := r.alert(t, fmt.Sprintf(alertOf, strings.TrimPrefix(p.url, "http://"), "f1"))[0].Event
	for end := time.Now().Add(time.Second); ; time.Sleep(10 * time.Millisecond) {
		e, _ := r.events.get(alerted)
		if fileOf(t, e, "heap.pb.gz").State == StateStored {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a second later the heap is not there: %+v", e)
		}
	}
	r.await(t, scheduled.ID, StateStored)
	r.await(t, alerted, StateStored)
}

func TestAStormOfAlerts(t *testing.T) {
	var now, most atomic.Int64
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-r.Context().Done():
		}
		w.Write([]byte(gzipped))
	}))
	t.Cleanup(slow.Close)
	file := filepath.Join(t.TempDir(), "targets.json")
	var groups []map[string]any
	for i := range 1000 { // Processes of one address, told apart by their paths: the rule has one, so by hosts of the loopback net.
		groups = append(groups, map[string]any{
			"targets": []string{fmt.Sprintf("127.0.%d.%d:%s", i/250, i%250+1, slow.URL[strings.LastIndex(slow.URL, ":")+1:])},
			"labels":  map[string]string{"service": "shop", "instance": fmt.Sprint("i", i)},
		})
	}
	text, _ := json.Marshal(groups)
	os.WriteFile(file, text, 0o600)
	r := newRig(t, func(c *Config, where *targets.Config) {
		c.Alerts.Profiles, c.Concurrent, c.Waiting = []string{"heap"}, 4, 50
		where.Files = []string{file}
	})
	var answered, captured, refused atomic.Int64
	var wait sync.WaitGroup
	for worker := range 20 {
		wait.Go(func() {
			for i := worker; i < 1000; i += 20 {
				for _, o := range r.alert(t, fmt.Sprintf(alertOf, fmt.Sprint("i", i), fmt.Sprint("f", i))) {
					answered.Add(1)
					switch o.Outcome {
					case outcomeCaptured:
						captured.Add(1)
					case outcomeRefused:
						refused.Add(1)
					}
				}
			}
		})
	}
	wait.Wait()
	if answered.Load() != 1000 || captured.Load() < 54 || captured.Load()+refused.Load() != 1000 || refused.Load() == 0 {
		t.Errorf("%d answered, %d captured, %d refused", answered.Load(), captured.Load(), refused.Load())
	}
	if most.Load() > 4 {
		t.Errorf("%d processes were asked at once", most.Load())
	}
	// One that was refused is captured when it fires again.
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		outcomes := r.alert(t, fmt.Sprintf(alertOf, "i999", "again"))
		if outcomes[0].Outcome == outcomeCaptured {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("got %+v", outcomes)
		}
	}
}

func TestCapturesWaitForTheBucket(t *testing.T) {
	r := newRig(t, nil, "shop="+startProcess(t).url)
	r.store.away.Store(true)
	e := r.await(t, r.begin(t, `{"service":"shop","profiles":["heap","goroutine"]}`)[0].ID, StateUploading)
	time.Sleep(300 * time.Millisecond)
	if now, _ := r.events.get(e.ID); now.State != StateUploading || len(r.store.of(e)) != 0 {
		t.Errorf("while the bucket is away: %+v", now)
	}
	r.store.away.Store(false)
	e = r.await(t, e.ID, StateStored)
	if files := r.store.of(e); len(files) != 3 {
		t.Errorf("got %d files", len(files))
	}
}

func TestTheSchedule(t *testing.T) {
	r := newRig(t, nil, "shop="+startProcess(t).url)
	r.config.Schedule = Schedule{Every: 2 * time.Second, Profiles: []string{"heap"}, Seconds: 1}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan bool)
	go func() { r.Schedule(ctx); close(done) }()
	for end := time.Now().Add(20 * time.Second); len(r.events.recent(9)) < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no second capture in 20 s")
		}
	}
	cancel()
	<-done
	if e := r.events.recent(9)[0]; e.Trigger != "interval" {
		t.Errorf("got %+v", e)
	}
}

func TestCredentialsOfTargets(t *testing.T) {
	var users []string
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		mu.Lock()
		users = append(users, user+":"+password)
		mu.Unlock()
		w.Write([]byte(gzipped))
	}))
	t.Cleanup(server.Close)
	r := newRig(t, nil, strings.Replace("shop="+server.URL, "http://", "http://ann:secret@", 1))
	e := r.await(t, r.begin(t, `{"service":"shop","profiles":["heap"]}`)[0].ID, StateStored)
	mu.Lock()
	defer mu.Unlock()
	if len(users) != 2 || users[0] != "ann:secret" || users[1] != "ann:secret" {
		t.Errorf("got %q", users)
	}
	all, _ := json.Marshal(e)
	if bytes.Contains(all, []byte("secret")) || strings.Contains(e.Instance, "ann") {
		t.Errorf("the password is told: %s", all)
	}
}

func TestProblemsOfCaptures(t *testing.T) {
	config := Config{MaxSeconds: 61, SpoolBytes: -1, Waiting: -1, Schedule: Schedule{Every: time.Second}, Alerts: Alerts{Match: map[string]string{"a": "("}, Profiles: []string{"x"}}}
	all := strings.Join(config.Problems(), "\n")
	for _, want := range []string{"max_seconds", "max_bytes", "concurrent", "instances", "spool_bytes", "waiting", "schedule.every", "alerts.profiles", "alerts.seconds", "alerts.match", "schedule.profiles"} {
		if !strings.Contains(all, "captures."+want) {
			t.Errorf("%q is not among\n%s", want, all)
		}
	}
}
