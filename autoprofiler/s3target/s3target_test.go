package s3target

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pproflens/pproflens/autoprofiler"
)

var _ autoprofiler.Target = (*Bucket)(nil)

const aKey = "ingester/2026/11/03/14/20261103T142233.456Z_k3v9q2xd_heap-ratio_1-2_i!5f7_v1/heap.pb.gz"

// alone hides the machine's own AWS configuration.
func alone(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demosecret", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func TestPut(t *testing.T) {
	alone(t)
	var got *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		got, body = r, string(content)
	}))
	defer server.Close()
	bucket := &Bucket{Name: "profiles", Prefix: "/prod/go/", Endpoint: server.URL}
	content := "not really a profile"
	if err := bucket.Put(t.Context(), aKey, strings.NewReader(content), int64(len(content))); err != nil {
		t.Fatal(err)
	}
	if got.Method != "PUT" || got.URL.Path != "/profiles/prod/go/"+aKey || body != content {
		t.Errorf("got %s %s with %q", got.Method, got.URL.Path, body)
	}
	authorization := got.Header.Get("Authorization")
	if !strings.Contains(authorization, "Credential=demo/") || !strings.Contains(authorization, "/us-east-1/s3/aws4_request") {
		t.Errorf("signed as %s", authorization)
	}
	// What keeps Google Cloud Storage and older servers from taking it.
	if strings.Contains(authorization, "accept-encoding") {
		t.Errorf("Accept-Encoding is signed: %s", authorization)
	}
	if encoding, trailer := got.Header.Get("Content-Encoding"), got.Header.Get("X-Amz-Trailer"); encoding != "" || trailer != "" {
		t.Errorf("the body is framed: Content-Encoding %q, X-Amz-Trailer %q", encoding, trailer)
	}
	sum := sha256.Sum256([]byte(content))
	if hash := got.Header.Get("X-Amz-Content-Sha256"); hash != hex.EncodeToString(sum[:]) {
		t.Errorf("X-Amz-Content-Sha256 is %s: the signature does not cover the content", hash)
	}
}

// fakeTransport answers in place of a server.
type fakeTransport func(*http.Request) *http.Response

func (f fakeTransport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func TestAddresses(t *testing.T) {
	alone(t)
	for _, test := range []struct {
		bucket *Bucket
		want   string
	}{
		{&Bucket{Name: "profiles", Region: "eu-west-1"}, "https://profiles.s3.eu-west-1.amazonaws.com/key"},
		{&Bucket{Name: "profiles", Endpoint: "https://storage.googleapis.com"}, "https://storage.googleapis.com/profiles/key"},
		{&Bucket{Name: "profiles", Endpoint: "https://oss.example.org/", VirtualHost: true}, "https://profiles.oss.example.org/key"},
		{&Bucket{Name: "profiles", Endpoint: "http://127.0.0.1:7480", Prefix: "prod"}, "http://127.0.0.1:7480/profiles/prod/key"},
	} {
		var got string
		test.bucket.AWS = &aws.Config{
			Credentials: credentials.NewStaticCredentialsProvider("demo", "demosecret", ""),
			HTTPClient: &http.Client{Transport: fakeTransport(func(r *http.Request) *http.Response {
				got = r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
				return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}, Request: r}
			})},
		}
		if err := test.bucket.Put(t.Context(), "key", strings.NewReader("x"), 1); err != nil || got != test.want {
			t.Errorf("got %s, %v; want %s", got, err, test.want)
		}
	}
}

func TestAnErrorSaysWhatTheServerSays(t *testing.T) {
	alone(t)
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate</Message></Error>`)
	}))
	defer server.Close()
	err := (&Bucket{Name: "profiles", Endpoint: server.URL}).Put(t.Context(), "key", strings.NewReader("x"), 1)
	for _, part := range []string{"bucket profiles: ", "503", "SlowDown", "Please reduce your request rate"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want %s", err, part)
		}
	}
	if requests != 1 {
		t.Errorf("%d requests: the profiler retries, the SDK must not", requests)
	}
}

func TestWithoutARegion(t *testing.T) {
	alone(t)
	bucket := &Bucket{Name: "profiles"}
	err := bucket.Put(t.Context(), "key", strings.NewReader("x"), 1)
	if err == nil || err.Error() != "bucket profiles: no region: set Bucket.Region or AWS_REGION" {
		t.Errorf("got %v", err)
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		bucket *Bucket
		want   string
	}{
		{&Bucket{Name: "profiles"}, ""},
		{&Bucket{Name: "profiles", Endpoint: "http://127.0.0.1:7480/"}, ""},
		{&Bucket{}, "Bucket.Name is empty"},
		{&Bucket{Name: "s3://profiles"}, `Bucket.Name is "s3://profiles": expected the name alone`},
		{&Bucket{Name: "profiles", Endpoint: "storage.googleapis.com"}, "Bucket.Endpoint is"},
		{&Bucket{Name: "profiles", Endpoint: "https://s3.example.org/profiles"}, "an address without a path"},
		{&Bucket{Name: "profiles", Prefix: strings.Repeat("x", 257)}, "Bucket.Prefix has 257 bytes"},
	} {
		err := test.bucket.Check()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}
