package bucket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func open(t *testing.T, url, prefix string) *Bucket {
	t.Helper()
	b, err := Open(t.Context(), url, prefix)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func put(t *testing.T, b *Bucket, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := b.Put(t.Context(), key, strings.NewReader(key)); err != nil {
			t.Fatal(err)
		}
	}
}

// listAll pages through a listing. It returns keys and folders, and how many pages there were.
func listAll(t *testing.T, b *Bucket, q Query) (names []string, pages int) {
	t.Helper()
	for {
		page, err := b.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		_, isWhole := b.native.(whole) // fake-gcs-server does not count folders.
		if n := len(page.Objects) + len(page.Folders); n > q.Max && (isWhole || len(page.Objects) > q.Max) {
			t.Fatalf("a page of at most %d has %d", q.Max, n)
		}
		for _, o := range page.Objects {
			names = append(names, o.Key)
		}
		names = append(names, page.Folders...)
		if page.Next == "" {
			return names, pages
		}
		q.StartAfter, q.Token = "", page.Next
	}
}

// A listing costs one request, counted between the gateway and the server.
func TestAListingIsOneRequest(t *testing.T) {
	for _, rawURL := range strings.Fields(os.Getenv("GATEWAY_TEST_BUCKETS")) {
		u, err := url.Parse(rawURL)
		if err != nil {
			t.Fatal(err)
		}
		parameters := u.Query()
		server, err := url.Parse(parameters.Get("endpoint"))
		if u.Scheme != "s3" || err != nil {
			continue
		}
		prefix := prefixOf(t)
		put(t, open(t, rawURL, prefix), "a/1", "a/2", "b/1", "c")
		var asked atomic.Int64
		proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			asked.Add(1)
			r.SetURL(server)
			r.Out.Host = r.In.Host // It is signed.
		}})
		defer proxy.Close()
		parameters.Set("endpoint", proxy.URL)
		u.RawQuery = parameters.Encode()
		b := open(t, u.String(), prefix)
		for _, q := range []Query{{Max: 1000}, {Max: 2}, {Max: 1000, Delimiter: "/"}, {Max: 1000, StartAfter: "a/1"}, {Max: 1000, Delimiter: "/", StartAfter: "a/1"}} {
			asked.Store(0)
			page, err := b.List(t.Context(), q)
			if n := asked.Load(); err != nil || n != 1 || len(page.Objects)+len(page.Folders) < 2 {
				t.Errorf("%+v: %d requests, %+v, %v", q, n, page, err)
			}
		}
	}
}

// model is what S3 answers, in order.
func model(keys []string, q Query) []string {
	found := map[string]bool{}
	for _, key := range keys {
		if !strings.HasPrefix(key, q.Prefix) || key <= q.StartAfter {
			continue
		}
		if end := strings.Index(key[len(q.Prefix):], "/"); q.Delimiter != "" && end >= 0 {
			key = key[:len(q.Prefix)+end+1]
		}
		found[key] = true
	}
	var names []string
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// buckets are those that each test runs on: with GATEWAY_TEST_BUCKETS, which has URLs with spaces between, also real servers'.
func buckets(t *testing.T) map[string]string {
	all := map[string]string{"memory": "mem://", "folder": "file://" + filepath.ToSlash(t.TempDir())}
	for _, url := range strings.Fields(os.Getenv("GATEWAY_TEST_BUCKETS")) {
		all[url] = url
	}
	return all
}

// prefixOf keeps tests on one server apart.
func prefixOf(t *testing.T) string { return t.Name() + rand.Text() + "/" }

func TestListingsAreThoseOfS3(t *testing.T) {
	// "checkout-2" comes before "checkout/" in keys, and behind it in folders.
	keys := []string{"checkout/1", "checkout/2", "checkout-2/1", "checkout-2/2", "checkout.x", "a b+c/ü", "deep/a/b/c", "deep/a!b", "z"}
	for name, url := range buckets(t) {
		b := open(t, url, prefixOf(t))
		put(t, b, keys...)
		random := mathrand.New(mathrand.NewPCG(1, 2))
		rounds := 300
		if name == url {
			rounds = 60 // Servers take longer.
		}
		for range rounds {
			q := Query{Max: 1 + random.IntN(4)}
			if random.IntN(2) == 0 {
				q.Delimiter = "/"
			}
			key := keys[random.IntN(len(keys))]
			q.Prefix = key[:random.IntN(len(key)+1)]
			if strings.ToValidUTF8(q.Prefix, "") != q.Prefix {
				continue
			}
			if random.IntN(2) == 0 {
				q.StartAfter = keys[random.IntN(len(keys))] + []string{"", "!", behindFolder}[random.IntN(3)]
			}
			got, pages := listAll(t, b, q)
			slices.Sort(got)
			want := model(keys, q)
			if name == url { // Those list the folder that StartAfter lies in, whether something in it follows or not.
				folder := q.Prefix + strings.SplitAfter(strings.TrimPrefix(q.StartAfter, q.Prefix), "/")[0]
				if q.Delimiter != "" && slices.Contains(got, folder) != slices.Contains(want, folder) {
					continue // Ceph does not list it even where something follows.
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s, %+v: got %q, want %q", name, q, got, want)
			}
			if most := max(1, (len(want)+q.Max-1)/q.Max); name != url && pages != most {
				t.Fatalf("%s, %+v: %d pages, want %d", name, q, pages, most)
			}
		}
	}
}

func TestAPrefixIsNotLeft(t *testing.T) {
	dir := filepath.ToSlash(t.TempDir())
	whole := open(t, "file://"+dir, "")
	put(t, whole, "secret", "team/a/1", "team/b", "team2/c")
	b := open(t, "file://"+dir, "team/")
	if got, _ := listAll(t, b, Query{Max: 10}); !slices.Equal(got, []string{"a/1", "b"}) {
		t.Errorf("got %q", got)
	}
	if got, _ := listAll(t, b, Query{Max: 10, StartAfter: "a/1"}); !slices.Equal(got, []string{"b"}) {
		t.Errorf("got %q", got)
	}
	for _, key := range []string{"../secret", "../../secret", "/../secret", "a/../../secret"} {
		if object, err := b.Get(t.Context(), key, Ask{}); err == nil {
			text, _ := io.ReadAll(object.Body)
			t.Errorf("%q reads %q", key, text)
		}
	}
	put(t, b, "d")
	if got, _ := listAll(t, whole, Query{Max: 10, Prefix: "team/d"}); !slices.Equal(got, []string{"team/d"}) {
		t.Errorf("got %q", got)
	}
}

func TestParts(t *testing.T) {
	for name, url := range buckets(t) {
		b := open(t, url, prefixOf(t))
		put(t, b, "0123456789")
		for header, want := range map[string]string{
			"": "0123456789", "bytes=0-2": "012", "bytes=7-": "789", "bytes=-3": "789", "bytes=-99": "0123456789", "bytes=8-99": "89",
			"bytes=9-9": "9", "bytes=5-4": "0123456789", "bytes=a-b": "0123456789", "lines=1-2": "0123456789", "bytes=+1-2": "0123456789",
			"bytes=99999999999999999999-": "0123456789",
		} {
			object, err := b.Get(t.Context(), "0123456789", Ask{Range: header})
			if strings.HasPrefix(url, "s3:") && (header == "bytes=-99" || strings.Contains(header, "9999999")) {
				continue // Servers differ.
			}
			if err != nil {
				t.Errorf("%s, %q: %v", name, header, err)
				continue
			}
			got, _ := io.ReadAll(object.Body)
			object.Body.Close()
			if string(got) != want || object.Length != int64(len(want)) || (object.ContentRange == "") != (len(want) == 10) {
				t.Errorf("%s, %q: got %q of %d, %q", name, header, got, object.Length, object.ContentRange)
			}
		}
		for _, header := range []string{"bytes=10-", "bytes=10-11", "bytes=-0"} {
			if strings.HasPrefix(url, "s3:") && header == "bytes=-0" {
				continue
			}
			if _, err := b.Get(t.Context(), "0123456789", Ask{Range: header}); !errors.Is(err, ErrRange) {
				t.Errorf("%s, %q: got %v", name, header, err)
			}
		}
	}
}

func TestTheListingsETagIsTheObjects(t *testing.T) {
	for name, url := range buckets(t) {
		b := open(t, url, prefixOf(t))
		put(t, b, "a/1")
		page, err := b.List(t.Context(), Query{Max: 1})
		if err != nil {
			t.Fatal(err)
		}
		listed := page.Objects[0]
		for _, etag := range []string{listed.ETag, "*", `"x", ` + listed.ETag, "W/" + listed.ETag} {
			if strings.HasPrefix(url, "s3:") && etag != listed.ETag {
				continue // S3's own rules.
			}
			object, err := b.Get(t.Context(), "a/1", Ask{IfNoneMatch: etag})
			if err != nil || !object.NotModified || object.ETag != listed.ETag {
				t.Errorf("%s, %s: got %+v, %v", name, etag, object, err)
			}
		}
		if object, err := b.Get(t.Context(), "a/1", Ask{IfNoneMatch: `"other"`, Head: true}); err != nil || object.NotModified || object.Length != listed.Size {
			t.Errorf("%s: got %+v, %v", name, object, err)
		}
		if _, err := b.Get(t.Context(), "a/2", Ask{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := b.List(t.Context(), Query{Max: 1, Token: "none of ours"}); !strings.HasPrefix(url, "s3:") && !errors.Is(err, ErrToken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// brokenReader ends in an error after its text.
type brokenReader struct{ io.Reader }

func (b brokenReader) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = errors.New("the disk fails")
	}
	return n, err
}

func TestNothingIsStoredOfWhatBreaksOff(t *testing.T) {
	for name, url := range buckets(t) {
		b := open(t, url, prefixOf(t))
		if err := b.Put(t.Context(), "a/1", brokenReader{strings.NewReader("half")}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got, _ := listAll(t, b, Query{Max: 10}); len(got) > 0 {
			t.Errorf("%s: there is %q", name, got)
		}
	}
}

// A gateway that is killed while it writes into a folder leaves such a file.
func TestWhatIsBeingWrittenIsNotListed(t *testing.T) {
	folder := t.TempDir()
	b := open(t, "file://"+folder, "")
	put(t, b, "a/heap.pb.gz", "a/notes.tmp")
	if err := os.WriteFile(filepath.Join(folder, "a", "cpu.pb.gz.18b2c3d4e5f60718.tmp"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if names, _ := listAll(t, b, Query{Max: 10}); strings.Join(names, " ") != "a/heap.pb.gz a/notes.tmp" {
		t.Errorf("got %q", names)
	}
}

func TestProblems(t *testing.T) {
	for url, want := range map[string]string{
		"": "got none", "profiles": "begins with s3://", "ftp://x": "begins with s3://", "s3://": "name in the URL", "file://": "name in the URL",
		"s3://x?prefix=a/": "use -prefix", ":": "expected a URL",
	} {
		if got := fmt.Sprint(Problems(url)); !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %q", url, got, want)
		}
	}
	for url, name := range map[string]string{
		"s3://profiles?region=eu-west-1": "profiles", "gs://p": "p", "azblob://c": "c", "file://./profiles": "profiles", "file:///var/p/": "p", "mem://": "",
	} {
		if got := Problems(url); len(got) > 0 || NameOf(url) != name {
			t.Errorf("%q: got %q, named %q", url, got, NameOf(url))
		}
	}
}

func TestAContextEndsAPut(t *testing.T) {
	b := open(t, "mem://", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Put(ctx, "a", strings.NewReader("x")); err == nil {
		t.Error("no error")
	}
}
