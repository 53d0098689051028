package s3api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/pproflens/pproflens/gateway/internal/bucket"
)

// start answers for a folder with a prefix, beside which there is a secret.
func start(t *testing.T, change func(*Handler)) *httptest.Server {
	t.Helper()
	dir := "file://" + filepath.ToSlash(t.TempDir()) + "/bucket"
	outer, err := bucket.Open(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	inner, err := bucket.Open(t.Context(), dir, "team/")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"secret", "team/querier/1.pb.gz", "team/querier/a b+c&d;e#f?.txt", "team/ingester/ü.txt", "team/big"} {
		body := []byte("content of " + key)
		if key == "team/big" {
			body = bytes.Repeat([]byte("0123456789abcdef"), 8<<20/16)
		}
		if err := outer.Put(t.Context(), key, bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	}
	h := Handler{Name: "profiles", Bucket: inner, Logger: slog.New(slog.DiscardHandler), MaxRequests: 4, WriteTimeout: time.Minute}
	if change != nil {
		change(&h)
	}
	server := httptest.NewServer(New(h))
	t.Cleanup(func() { server.Close(); inner.Close(); outer.Close() })
	return server
}

// ask sends a request to the byte, which no client would.
func ask(t *testing.T, server *httptest.Server, method, path, headers string) (status int, header http.Header, body string) {
	t.Helper()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", method, path, headers)
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, response.Header, string(text)
}

func TestAllElseIsRefused(t *testing.T) {
	server := start(t, nil)
	for _, c := range []struct {
		path, why string
		status    int
	}{
		{"/profiles/?policy", `leave out &#34;policy&#34;`, 400},
		{"/profiles?acl", `leave out &#34;acl&#34;`, 400},
		{"/profiles/?%61cl", `leave out &#34;acl&#34;`, 400},
		{"/profiles?versions", `versions`, 400},
		{"/profiles?uploads", `uploads`, 400},
		{"/profiles/?list-type=2&location", `location`, 400},
		{"/profiles/?list-type=2&list-type=2", `each parameter once`, 400},
		{"/profiles/?list-type=2&X-Amz-Expires=9", `X-Amz-Expires`, 400},
		{"/profiles/", "add list-type=2", 400},
		{"/profiles/?list-type=1", "add list-type=2", 400},
		{"/profiles/?list-type=2&max-keys=-1", "max-keys", 400},
		{"/profiles/?list-type=2&delimiter=x", "delimiter", 501},
		{"/profiles/?list-type=2&encoding-type=x", "encoding-type", 400},
		{"/profiles/?list-type=2&continuation-token=x", "continuation-token", 400},
		{"/profiles/querier/x?tagging", "tagging", 400},
		{"/profiles/querier/1.pb.gz?response-content-type=text%2Fhtml", "response-content-type", 400},
		{"/profiles/querier/1.pb.gz?versionId=1", "versionId", 400},
		{"/profiles/querier/1.pb.gz?list-type=2", "list-type", 400},
		{"/profiles/%ff", "no UTF-8", 400},
		{"/profiles/?list-type=2&prefix=%ff", "no UTF-8", 400},
		{"/profiles/?list-type=2&prefix=%", "cannot be read", 400},
		{"/profiles/?list-type=2;prefix=a", "cannot be read", 400},
		{"/profiles/a%00b", "zero byte", 400},
		{"/profiles/a/./b", `a folder &#34;.&#34; or`, 400},
		{"/profiles/a/%2e%2e/b", `a folder &#34;.&#34; or`, 400},
		{"/profiles/../secret", `a folder`, 400},
		{"/profiles/%2e%2e/secret", `a folder`, 400},
		{"/profiles/..%2Fsecret", `a folder`, 400},
		{"/profiles/..%5Csecret", `a folder`, 400},
		{"/profiles/a/..%2f..%2fsecret", `a folder`, 400},
		{"/profiles%2f..%2fsecret", `a folder`, 400},
		{"/profiles/?list-type=2&prefix=../", `a folder`, 400},
		{"/profiles/?list-type=2&start-after=..%2f", `a folder`, 400},
		{"/profiles/" + strings.Repeat("x", 2000), "at most 1024", 400},
		{"/profiles/secret", "no such object", 404},
		{"/profiles/team/querier/1.pb.gz", "no such object", 404},
		{"/profiles//secret", "no such object", 404},
		{"/profiles/..__0x2f__secret", "no such object", 404},
		{"/other/querier/1.pb.gz", "no bucket", 404},
		{"/", "no bucket", 404},
		{"/Profiles/querier/1.pb.gz", "no bucket", 404},
	} {
		status, _, body := ask(t, server, "GET", c.path, "")
		if status != c.status || !strings.Contains(body, c.why) || strings.Contains(body, "content of") {
			t.Errorf("%.80s: got %d %s, want %d %s", c.path, status, body, c.status, c.why)
		}
	}
	for _, method := range []string{"PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "LIST"} {
		for _, path := range []string{"/profiles/querier/1.pb.gz", "/profiles/new", "/profiles?delete", "/profiles"} {
			if status, _, _ := ask(t, server, method, path, ""); status != 405 {
				t.Errorf("%s %s: got %d", method, path, status)
			}
		}
	}
	if status, _, body := ask(t, server, "GET", "/profiles?list-type=2", "Content-Length: 2\r\n"); status != 400 {
		t.Errorf("a GET with a body: got %d %s", status, body)
	}
	if status, _, _ := ask(t, server, "HEAD", "/profiles", ""); status != 405 {
		t.Errorf("HEAD of the bucket: got %d", status)
	}
}

func TestObjects(t *testing.T) {
	server := start(t, nil)
	const path = "/profiles/querier/1.pb.gz"
	status, header, body := ask(t, server, "GET", path, "")
	etag := header.Get("ETag")
	if status != 200 || body != "content of team/querier/1.pb.gz" || etag == "" || header.Get("Last-Modified") == "" ||
		header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("got %d %q %v", status, body, header)
	}
	if status, header, body := ask(t, server, "HEAD", path, ""); status != 200 || body != "" || header.Get("Content-Length") != "31" || header.Get("ETag") != etag {
		t.Errorf("HEAD: got %d %q %v", status, body, header)
	}
	if status, header, body := ask(t, server, "GET", path, "Range: bytes=0-6\r\n"); status != 206 || body != "content" || header.Get("Content-Range") != "bytes 0-6/31" {
		t.Errorf("a range: got %d %q %v", status, body, header)
	}
	if status, _, body := ask(t, server, "GET", path, "Range: bytes=0-1,3-4\r\n"); status != 200 || len(body) != 31 {
		t.Errorf("two ranges: got %d %q", status, body)
	}
	if status, header, body := ask(t, server, "GET", path, "Range: bytes=99-\r\n"); status != 416 || !strings.Contains(body, "InvalidRange") || header.Get("Content-Range") != "bytes */31" {
		t.Errorf("a range behind the end: got %d %q %v", status, body, header)
	}
	if status, header, body := ask(t, server, "GET", path, `If-None-Match: "x", `+etag+"\r\n"); status != 304 || body != "" || header.Get("ETag") != etag {
		t.Errorf("a known object: got %d %q %v", status, body, header)
	}
	if status, _, body := ask(t, server, "HEAD", "/profiles/gone", ""); status != 404 || body != "" {
		t.Errorf("HEAD of none: got %d %q", status, body)
	}
}

func TestTheSDKsOwnClientReads(t *testing.T) {
	server := start(t, nil)
	client := s3.New(s3.Options{
		BaseEndpoint: &server.URL, Region: "us-east-1", UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: aws.String("profiles"), MaxKeys: aws.Int32(1)})
	var keys []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
			object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("profiles"), Key: o.Key})
			if err != nil {
				t.Fatalf("%s: %v", *o.Key, err)
			}
			text, err := io.ReadAll(object.Body)
			if *o.Key != "big" && string(text) != "content of team/"+*o.Key || err != nil || int64(len(text)) != *o.Size || *object.ETag != *o.ETag {
				t.Errorf("%s: got %.40q, %v", *o.Key, text, err)
			}
		}
	}
	if want := "[big ingester/ü.txt querier/1.pb.gz querier/a b+c&d;e#f?.txt]"; fmt.Sprint(keys) != want {
		t.Errorf("got %v, want %s", keys, want)
	}
	folders, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("profiles"), Delimiter: aws.String("/"), StartAfter: aws.String("c")})
	if err != nil || len(folders.CommonPrefixes) != 2 || *folders.CommonPrefixes[1].Prefix != "querier/" || len(folders.Contents) != 0 {
		t.Errorf("got %+v, %v", folders, err)
	}
}

func TestKeysAreEncodedWhereThatIsAskedFor(t *testing.T) {
	server := start(t, nil)
	_, _, body := ask(t, server, "GET", "/profiles?list-type=2&encoding-type=url&prefix=querier/a+b", "")
	var page struct {
		Prefix   string
		Contents []struct{ Key string }
	}
	if err := xml.Unmarshal([]byte(body), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Contents) != 1 || page.Contents[0].Key != "querier/a%20b%2Bc%26d%3Be%23f%3F.txt" || page.Prefix != "querier/a%20b" {
		t.Errorf("got %+v", page)
	}
}

// A reader that takes nothing is let go, and others are answered meanwhile, up to the limit.
func TestASlowReaderIsLetGo(t *testing.T) {
	server := start(t, func(h *Handler) { h.WriteTimeout, h.MaxRequests = 300*time.Millisecond, 2 })
	slow := func() net.Conn {
		connection, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		connection.(*net.TCPConn).SetReadBuffer(4 << 10)
		fmt.Fprint(connection, "GET /profiles/big HTTP/1.1\r\nHost: x\r\n\r\n")
		return connection
	}
	first, second := slow(), slow()
	defer first.Close()
	defer second.Close()
	deadline := time.Now().Add(10 * time.Second)
	refused := false
	for time.Now().Before(deadline) {
		status, header, _ := ask(t, server, "GET", "/profiles/querier/1.pb.gz", "")
		if status == 503 && header.Get("Retry-After") != "" {
			refused = true
		}
		if status == 200 && refused {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("after 10 s the slow readers hold the gateway; refused meanwhile: %v", refused)
}

// A reader that goes away is no fault of the store's.
func TestAReaderThatGoesAwayIsNoError(t *testing.T) {
	var said safeBuffer
	server := start(t, func(h *Handler) {
		h.Logger = slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(connection, "GET /profiles/big HTTP/1.1\r\nHost: x\r\n\r\n")
	connection.Read(make([]byte, 1000))
	connection.(*net.TCPConn).SetLinger(0)
	connection.Close()
	for end := time.Now().Add(10 * time.Second); !strings.Contains(said.String(), "not sent whole"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is logged")
		}
	}
	if strings.Contains(said.String(), "ERROR") || strings.Contains(said.String(), "WARN") {
		t.Error(said.String())
	}
	// Neither is one that goes away before the store has answered.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recorder := httptest.NewRecorder()
	server.Config.Handler.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, "GET", "/profiles?list-type=2", nil))
	if recorder.Code != statusGone && recorder.Code != http.StatusOK || strings.Contains(said.String(), "ERROR") {
		t.Errorf("got %d, %s", recorder.Code, said.String())
	}
}

// safeBuffer is safe for concurrent use.
type safeBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func BenchmarkGet(b *testing.B) {
	dir := "file://" + filepath.ToSlash(b.TempDir()) + "/bucket"
	opened, err := bucket.Open(context.Background(), dir, "")
	if err != nil {
		b.Fatal(err)
	}
	defer opened.Close()
	const size = 100 << 20
	if err := opened.Put(context.Background(), "big", bytes.NewReader(make([]byte, size))); err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(New(Handler{Name: "p", Bucket: opened, Logger: slog.New(slog.DiscardHandler), MaxRequests: 4, WriteTimeout: time.Minute}))
	defer server.Close()
	b.SetBytes(size)
	for b.Loop() {
		response, err := http.Get(server.URL + "/p/big")
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, response.Body); n != size || err != nil {
			b.Fatal(n, err)
		}
		response.Body.Close()
	}
}
