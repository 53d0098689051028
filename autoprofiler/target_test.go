package autoprofiler

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const aKey = "ingester/2026/11/03/14/20261103T142233.456Z_k3v9q2xd_heap-ratio_1-2_i!5f7_v1/heap.pb.gz"

func put(t *testing.T, target Target, key, content string) error {
	t.Helper()
	return target.Put(t.Context(), key, strings.NewReader(content), int64(len(content)))
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "captures")
	for _, content := range []string{"first", "again"} { // what exists is replaced
		if err := put(t, Folder(dir), aKey, content); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, aKey)); err != nil || string(got) != content {
			t.Errorf("got %q, %v", got, err)
		}
	}
	short := Folder(dir).Put(t.Context(), "short/heap.pb.gz", strings.NewReader("abc"), 4)
	if short == nil || short.Error() != "read 3 bytes of 4" {
		t.Errorf("got %v", short)
	}
	if err := put(t, Folder(dir), "../outside", "x"); err == nil {
		t.Error("a key left the folder")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "ingester" {
		t.Errorf("got %v, %v; want only what was put whole", entries, err)
	}
}

func TestHTTP(t *testing.T) {
	var got *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		got, body = r, string(content)
		w.WriteHeader(http.StatusCreated)
	}))
	defer server.Close()
	target := &HTTP{URL: server.URL + "/go/?sig=secret", Header: http.Header{"Authorization": {"Bearer token"}}}
	if err := put(t, target, aKey, "content"); err != nil {
		t.Fatal(err)
	}
	if got.Method != "PUT" || got.URL.Path != "/go/"+aKey || got.URL.RawQuery != "sig=secret" ||
		got.Header.Get("Authorization") != "Bearer token" || got.ContentLength != 7 || body != "content" {
		t.Errorf("got %s %s, %d bytes %q", got.Method, got.URL, got.ContentLength, body)
	}
}

func TestHTTPAnnouncesTheSize(t *testing.T) {
	var lengths []int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { lengths = append(lengths, r.ContentLength) }))
	defer server.Close()
	for _, content := range []string{"", "content"} {
		if err := put(t, &HTTP{URL: server.URL}, "a", content); err != nil {
			t.Fatal(err)
		}
	}
	if lengths[0] != 0 || lengths[1] != 7 {
		t.Errorf("got %v, want 0 and 7: object stores refuse bodies of unknown length", lengths)
	}
}

// A login page that answers 200 has stored nothing. Go's client would ask for it with GET, or send it the capture and the
// credentials.
func TestHTTPFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		followed := false
		login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			followed = true
			io.WriteString(w, "Log in")
		}))
		location := strings.Replace(login.URL, "http://", "http://user:secret@", 1) + "/login?sig=secret"
		server := httptest.NewServer(http.RedirectHandler(location, status))
		client := &http.Client{}
		err := put(t, &HTTP{URL: server.URL, Client: client}, "a", "content")
		server.Close()
		login.Close()
		if followed {
			t.Errorf("%d was followed", status)
		}
		want := http.StatusText(status) + " to " + login.URL + "/login: "
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "set HTTP.URL") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: got %v, want %q, what to do, and no secret", status, err, want)
		}
		if client.CheckRedirect != nil {
			t.Error("the service's own client follows redirects no more")
		}
	}
}

func TestHTTPErrorsTellNoSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "AccessDenied "+strings.Repeat("x", 1000), http.StatusForbidden)
	}))
	address := strings.Replace(server.URL, "http://", "http://user:secret@", 1) + "/?sig=secret"
	refused := put(t, &HTTP{URL: address}, "a/b", "content")
	server.Close()
	unreachable := put(t, &HTTP{URL: address}, "a/b", "content")
	for _, test := range []struct {
		err  error
		want string
	}{{refused, `403 Forbidden "AccessDenied xxx`}, {unreachable, "connection refused"}} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) || !strings.HasPrefix(test.err.Error(), "PUT http://127.0.0.1") {
			t.Errorf("got %v, want %s", test.err, test.want)
			continue
		}
		if text := test.err.Error(); strings.Contains(text, "secret") || len(text) > 400 {
			t.Errorf("tells too much: %s", text)
		}
	}
}

// A real server that answers 503, then hangs, then drops connections, then is well again.
func TestAServerThatFailsInEveryWay(t *testing.T) {
	var requests atomic.Int32
	stored := make(chan string, 10)
	hung := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) {
		case 1:
			http.Error(w, "Slow Down", http.StatusServiceUnavailable)
		case 2:
			<-hung
		case 3:
			io.CopyN(io.Discard, r.Body, 1)
			panic(http.ErrAbortHandler)
		default:
			io.Copy(io.Discard, r.Body)
			stored <- filepath.Base(r.URL.Path)
		}
	}))
	defer server.Close()
	defer close(hung)

	o := newObserved()
	p := startTest(t, Config{Target: &HTTP{URL: server.URL}, Observer: o, UploadTimeout: 200 * time.Millisecond}, newMemory(100))
	if _, err := p.Capture(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for !names["meta.json"] || !names["heap.pb.gz"] || !names["goroutine.pb.gz"] {
		select {
		case name := <-stored:
			names[name] = true
		case <-time.After(20 * time.Second):
			_, err := o.failed(StageUpload)
			t.Fatalf("only %v are stored after %d requests, last error %v", names, requests.Load(), err)
		}
	}
	if n, _ := o.failed(StageUpload); n != 3 {
		t.Errorf("%d uploads failed, want 3", n)
	}
}

func TestPutEndsWithItsContext(t *testing.T) {
	hung := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hung }))
	defer server.Close()
	defer close(hung)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := (&HTTP{URL: server.URL}).Put(ctx, "a", strings.NewReader("x"), 1)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
