//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/pprof/profile"
)

// latency is how long a PUT takes: from the last byte to the object and the answer.
const latency = 50 * time.Millisecond

// bucket takes objects by PUT. While it is away it answers 503.
type bucket struct {
	server *http.Server
	url    string
	away   atomic.Bool

	mu      sync.Mutex
	objects map[string][]byte
}

func newBucket() (*bucket, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &bucket{url: "http://" + listener.Addr().String(), objects: map[string][]byte{}}
	b.server = &http.Server{Handler: b}
	go b.server.Serve(listener)
	return b, nil
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	time.Sleep(latency)
	switch {
	case err != nil: // One cut short by the death is not kept.
		w.WriteHeader(http.StatusBadRequest)
	case b.away.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.objects[strings.TrimPrefix(r.URL.Path, "/")] = content
	}
}

// settle waits for the requests that are being answered.
func (b *bucket) settle() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return b.server.Shutdown(ctx)
}

// heap is a heap profile of the bucket.
type heap struct {
	at    time.Time
	share float64 // of the limit, by the signal that was captured
}

// heaps returns the whole heap profiles.
func (b *bucket) heaps() (whole []heap, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, content := range b.objects {
		if path.Base(key) != "heap.pb.gz" || !isHeap(content) {
			continue
		}
		h, err := parseKey(key)
		if err != nil {
			return nil, err
		}
		whole = append(whole, h)
	}
	return whole, nil
}

// parseKey reads time, value and limit: …/{time}_{event}_{trigger}_{value}-{limit}_{instance}_{version}/heap.pb.gz
func parseKey(key string) (heap, error) {
	fields := strings.Split(path.Base(path.Dir(key)), "_")
	if len(fields) != 6 {
		return heap{}, fmt.Errorf("%s is no key", key)
	}
	at, err := time.Parse("20060102T150405.000Z", fields[0])
	if err != nil {
		return heap{}, fmt.Errorf("%s: %w", key, err)
	}
	var value, limit float64
	if _, err := fmt.Sscanf(fields[3], "%f-%f", &value, &limit); err != nil {
		return heap{}, fmt.Errorf("%s: %w", key, err)
	}
	return heap{at, value / limit}, nil
}

// isHeap reports whether a file gunzips, and parses as a heap profile with samples.
func isHeap(content []byte) bool {
	p, err := profile.Parse(bytes.NewReader(content))
	return err == nil && len(p.Sample) > 0 &&
		slices.ContainsFunc(p.SampleType, func(t *profile.ValueType) bool { return t.Type == "inuse_space" })
}
