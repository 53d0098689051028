package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/pproflens/pproflens/gateway/internal/bucket"
)

// What is read in the bench: a page of S3's, and an object.
const (
	benchKeys = 1000
	benchSize = 100 << 20
)

// TestBench compares reading through the gateway with reading a private S3 bucket itself, by turns in the same run: `npm run
// bench:gateway`. GATEWAY_BENCH_BUCKET has the URL of a bucket with an endpoint and path style, AWS_* its keys. Times are medians.
func TestBench(t *testing.T) {
	bucketURL := os.Getenv("GATEWAY_BENCH_BUCKET")
	if bucketURL == "" {
		t.Skip("GATEWAY_BENCH_BUCKET has no bucket")
	}
	u, err := url.Parse(bucketURL)
	if err != nil {
		t.Fatal(err)
	}
	fillForBench(t, bucketURL)
	begin := time.Now()
	p := startProcess(t, "-bucket", bucketURL, "-prefix", "bench/")
	fmt.Printf("ready %v after its start\n", time.Since(begin).Round(time.Millisecond))
	direct := u.Query().Get("endpoint") + "/" + u.Host
	through := "http://" + p.address + "/" + u.Host
	compare(t, "LIST of 1,000 keys", 200, direct+"?list-type=2&prefix=bench%2Fkeys%2F", through+"?list-type=2&prefix=keys%2F")
	if times := compare(t, "GET of 100 MB", 9, direct+"/bench/big", through+"/big"); times > 2 {
		t.Errorf("expected GET to take at most twice as long, got %.2f times", times)
	}
}

func fillForBench(t *testing.T, bucketURL string) {
	b, err := bucket.Open(t.Context(), bucketURL, "bench/")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for i := range benchKeys {
		key := fmt.Sprintf("keys/checkout/2026/11/29/14/20261129T143759.416Z_kzkb%04d_manual_38770952-0_checkout-7d9f_!/heap.pb.gz", i)
		if err := b.Put(t.Context(), key, bytes.NewReader([]byte("x"))); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put(t.Context(), "big", bytes.NewReader(make([]byte, benchSize))); err != nil {
		t.Fatal(err)
	}
}

// compare returns how many times as long the gateway takes.
func compare(t *testing.T, what string, rounds int, direct, through string) float64 {
	const warm = 3 // Connections are opened.
	var times [2][]time.Duration
	for round := range rounds + warm {
		for i, address := range []string{direct, through} {
			took := readAll(t, address)
			if round >= warm {
				times[i] = append(times[i], took)
			}
		}
	}
	slices.Sort(times[0])
	slices.Sort(times[1])
	own, ours := times[0][rounds/2], times[1][rounds/2]
	fmt.Printf("%s: %v from the bucket itself, %v through the gateway, %.2f times as long\n",
		what, own.Round(10*time.Microsecond), ours.Round(10*time.Microsecond), float64(ours)/float64(own))
	return float64(ours) / float64(own)
}

// readAll reads an address to its end, signed as the bucket itself wants it.
func readAll(t *testing.T, address string) time.Duration {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	credentials := aws.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
	}
	const none = "UNSIGNED-PAYLOAD"
	request.Header.Set("X-Amz-Content-Sha256", none)
	if err := v4.NewSigner().SignHTTP(context.Background(), credentials, request, none, "s3", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response.Status, err)
	}
	return time.Since(begin)
}
