package s3api

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pproflens/pproflens/gateway/internal/bucket"
)

// BenchmarkList is what the gateway adds to a page of 1,000 keys that a server answers at once.
func BenchmarkList(b *testing.B) {
	b.Setenv("AWS_ACCESS_KEY_ID", "a")
	b.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	var text strings.Builder
	text.WriteString(`<ListBucketResult><IsTruncated>false</IsTruncated>`)
	for i := range 1000 {
		fmt.Fprintf(&text, `<Contents><Key>keys/checkout/2026/11/29/14/20261129T143759.416Z_kzkb%04d_manual_38770952-0_checkout-7d9f_!/heap.pb.gz</Key><LastModified>2026-11-29T16:55:11.367Z</LastModified><ETag>&quot;9dd4e461268c8034f5c8564e155c67a6&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>`, i)
	}
	text.WriteString(`</ListBucketResult>`)
	page := text.String()
	s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, page) }))
	defer s3.Close()
	opened, err := bucket.Open(b.Context(), "s3://p?region=us-east-1&use_path_style=true&endpoint="+s3.URL, "")
	if err != nil {
		b.Fatal(err)
	}
	defer opened.Close()
	gateway := httptest.NewServer(New(Handler{Name: "p", Bucket: opened, Logger: slog.New(slog.DiscardHandler), MaxRequests: 4, WriteTimeout: time.Minute}))
	defer gateway.Close()
	for name, url := range map[string]string{"direct": s3.URL, "gateway": gateway.URL} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				response, err := http.Get(url + "/p?list-type=2")
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, response.Body); n < 200_000 || err != nil {
					b.Fatal(n, err)
				}
				response.Body.Close()
			}
		})
	}
}
