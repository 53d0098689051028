package s3target

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/google/pprof/profile"

	"github.com/pproflens/pproflens/autoprofiler"
)

// realBucket is a bucket of a real server, named by the environment, and a client that reads it. Each test has a prefix
// of its own.
func realBucket(t *testing.T) (*Bucket, *s3.Client) {
	t.Helper()
	endpoint, name := os.Getenv("AUTOPROFILER_S3_ENDPOINT"), os.Getenv("AUTOPROFILER_S3_BUCKET")
	if endpoint == "" || name == "" {
		t.Skip("no S3 server: AUTOPROFILER_S3_ENDPOINT, AUTOPROFILER_S3_BUCKET and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY name one")
	}
	bucket := &Bucket{Name: name, Endpoint: endpoint, Prefix: "autoprofiler-test/" + time.Now().UTC().Format("150405.000000")}
	client, err := (&Bucket{Name: name, Endpoint: endpoint}).connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return bucket, client
}

// objects returns what is below the bucket's prefix, by key.
func objects(t *testing.T, client *s3.Client, bucket *Bucket) map[string][]byte {
	t.Helper()
	list, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket.Name, Prefix: &bucket.Prefix})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for _, o := range list.Contents {
		object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket.Name, Key: o.Key}, func(o *s3.Options) {
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		})
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(object.Body)
		if err != nil {
			t.Fatal(err)
		}
		object.Body.Close()
		found[strings.TrimPrefix(*o.Key, bucket.Prefix+"/")] = content
	}
	return found
}

func TestRealServerCapture(t *testing.T) {
	bucket, client := realBucket(t)
	profiler, err := autoprofiler.Start(autoprofiler.Config{
		Service:     "ingester_eu", // '_' is escaped
		Target:      bucket,
		Logger:      slog.New(slog.DiscardHandler),
		StopTimeout: 30 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	event, err := profiler.Capture(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	profiler.Stop()

	var names []string
	for key, content := range objects(t, client, bucket) {
		names = append(names, path.Base(key))
		if !strings.HasPrefix(key, "ingester!5feu/20") || !strings.Contains(key, "_"+event+"_manual_") {
			t.Errorf("key %s", key)
		}
		if strings.HasSuffix(key, ".pb.gz") {
			if _, err := profile.ParseData(content); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
	slices.Sort(names)
	if got, want := strings.Join(names, " "), "goroutine.pb.gz goroutine.txt.gz heap.pb.gz meta.json"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRealServerTakesAllSizesAndReplaces(t *testing.T) {
	bucket, client := realBucket(t)
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // the SDK asks before it sends this much
	for _, content := range [][]byte{large, {}, []byte("again")} {
		if err := bucket.Put(t.Context(), aKey, bytes.NewReader(content), int64(len(content))); err != nil {
			t.Fatal(err)
		}
		if got := objects(t, client, bucket)[aKey]; !bytes.Equal(got, content) {
			t.Errorf("got %d bytes back, want %d", len(got), len(content))
		}
	}
}

func TestRealServerRefuses(t *testing.T) {
	bucket, _ := realBucket(t)
	wrong := &Bucket{Name: bucket.Name, Endpoint: bucket.Endpoint, AWS: &aws.Config{
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), "wrong", ""),
	}}
	missing := &Bucket{Name: "no-such-bucket", Endpoint: bucket.Endpoint}
	for code, bucket := range map[string]*Bucket{"SignatureDoesNotMatch": wrong, "NoSuchBucket": missing} {
		err := bucket.Put(t.Context(), aKey, strings.NewReader("x"), 1)
		var said smithy.APIError
		if !errors.As(err, &said) || said.ErrorCode() != code {
			t.Errorf("got %v, want %s", err, code)
		}
	}
}
