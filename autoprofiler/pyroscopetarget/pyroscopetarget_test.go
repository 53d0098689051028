package pyroscopetarget_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/key"
	"github.com/pproflens/pproflens/autoprofiler/pyroscopetarget"
)

func folder(service string, at time.Time) string {
	return key.Event{
		Service: service, Time: at, ID: key.NewID(), Trigger: "manual", Value: 1, Limit: 2, Instance: "my_pod/0", Version: "v1",
	}.Folder()
}

type received struct {
	header http.Header
	Series []struct {
		Labels  []struct{ Name, Value string }
		Samples []struct{ RawProfile []byte }
	}
}

// A server that takes pushes as Pyroscope does, and answers with a status.
func server(t *testing.T, status int) (string, <-chan received) {
	pushes := make(chan received, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/push.v1.PusherService/Push" {
			t.Errorf("asked for %s %s", r.Method, r.URL)
		}
		push := received{header: r.Header}
		if err := json.NewDecoder(r.Body).Decode(&push); err != nil {
			t.Error(err)
		}
		pushes <- push
		w.WriteHeader(status)
		fmt.Fprint(w, `{"code":"invalid_argument","message":"outside of ingestion window"}`)
	}))
	t.Cleanup(s.Close)
	return s.URL, pushes
}

func put(t *testing.T, target autoprofiler.Target, name string, body []byte) {
	t.Helper()
	if err := target.Put(context.Background(), name, bytes.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
}

func TestAProfileIsStoredAndPushed(t *testing.T) {
	url, pushes := server(t, http.StatusOK)
	dir := t.TempDir()
	target := &pyroscopetarget.Server{URL: url, Then: autoprofiler.Folder(dir), Tenant: "team", Authorization: "Bearer x"}
	if err := target.Check(); err != nil {
		t.Fatal(err)
	}
	at := folder("größe", time.Now())
	for _, name := range []string{"heap.pb.gz", "allocs.pb.gz", "goroutine.txt.gz", "meta.json", "trace.out.gz"} {
		put(t, target, at+"/"+name, []byte(name))
		if _, err := os.Stat(filepath.Join(dir, at, name)); err != nil {
			t.Error(err)
		}
	}
	push := <-pushes
	if len(pushes) > 0 {
		t.Errorf("%d more files were pushed, which Pyroscope has no place for", len(pushes))
	}
	got := fmt.Sprint(push.Series[0].Labels, string(push.Series[0].Samples[0].RawProfile))
	want := "[{__name__ memory} {service_name größe} {instance my_pod/0} {version v1} {trigger manual}]heap.pb.gz"
	if got != want {
		t.Errorf("pushed %s, want %s", got, want)
	}
	if push.header.Get("X-Scope-OrgID") != "team" || push.header.Get("Authorization") != "Bearer x" {
		t.Errorf("the headers are %v", push.header)
	}
}

func TestWhatPyroscopeRefusesIsStoredAndSaid(t *testing.T) {
	url, _ := server(t, http.StatusBadRequest)
	var log bytes.Buffer
	dir := t.TempDir()
	target := &pyroscopetarget.Server{URL: url, Then: autoprofiler.Folder(dir), Logger: slog.New(slog.NewTextHandler(&log, nil))}
	name := folder("s", time.Now()) + "/cpu.pb.gz"
	put(t, target, name, []byte("x"))
	if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "outside of ingestion window") {
		t.Errorf("logged %q", log.String())
	}
}

func TestARedirectIsNoPush(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/login" {
			http.Redirect(w, r, "/login", http.StatusFound) // which answers 200
		}
	}))
	defer s.Close()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	target := &pyroscopetarget.Server{URL: s.URL, Then: autoprofiler.Folder(t.TempDir()), Logger: logger}
	put(t, target, folder("s", time.Now())+"/heap.pb.gz", []byte("x"))
	if !strings.Contains(log.String(), "redirects are not followed") {
		t.Errorf("logged %q", log.String())
	}
}

func TestCheckSaysAllThatIsWrong(t *testing.T) {
	err := (&pyroscopetarget.Server{URL: "pyroscope:4040"}).Check()
	if err == nil || !strings.Contains(err.Error(), "Server.URL") || !strings.Contains(err.Error(), "Server.Then") {
		t.Errorf("got %v", err)
	}
}

// With PYROSCOPE_URL: a heap goes into a real one, and what it merges is what was pushed.
func TestARealPyroscope(t *testing.T) {
	url := os.Getenv("PYROSCOPE_URL")
	if url == "" {
		t.Skip("PYROSCOPE_URL is not set")
	}
	var heap bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&heap, 0); err != nil {
		t.Fatal(err)
	}
	service := fmt.Sprintf("pyroscopetarget-%d", time.Now().UnixNano())
	target := &pyroscopetarget.Server{URL: url, Then: autoprofiler.Folder(t.TempDir())}
	put(t, target, folder(service, time.Now())+"/heap.pb.gz", heap.Bytes())
	pushed, err := profile.ParseData(heap.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := total(pushed, "inuse_space")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		got, err := merged(url, service)
		if err == nil && total(got, "inuse_space") == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("Pyroscope has %v (%v), want %d bytes", got, err, want)
		}
	}
}

func total(p *profile.Profile, sampleType string) (sum int64) {
	for i, t := range p.SampleType {
		if t.Type == sampleType {
			for _, s := range p.Sample {
				sum += s.Value[i]
			}
		}
	}
	return sum
}

// merged asks for all heaps of a service in the last ten minutes: the proto of querier/v1, by hand.
func merged(url, service string) (*profile.Profile, error) {
	now := time.Now()
	var request []byte
	text := func(field byte, s string) {
		request = append(append(request, field<<3|2, byte(len(s))), s...)
	}
	number := func(field byte, n uint64) {
		request = append(request, field<<3)
		for ; n > 0x7f; n >>= 7 {
			request = append(request, byte(n)|0x80)
		}
		request = append(request, byte(n))
	}
	text(1, "memory:inuse_space:bytes:space:bytes")
	text(2, fmt.Sprintf("{service_name=%q}", service))
	number(3, uint64(now.Add(-10*time.Minute).UnixMilli()))
	number(4, uint64(now.Add(time.Minute).UnixMilli()))
	response, err := http.Post(url+"/querier.v1.QuerierService/SelectMergeProfile", "application/proto", bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s (%v)", response.Status, body, err)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(body)
	w.Close()
	return profile.Parse(&packed)
}
