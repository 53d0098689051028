// Package work is the load of the demo service: parsing, indexing, sorting, hashing and compressing, by the standard
// library alone.
package work

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/pproflens/pproflens/demo/service/internal/store"
)

type sample struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
	Points []float64         `json:"points"`
}

// Ingest encodes and decodes size series, as a write path does, and returns them.
func Ingest(tenant string, size int) ([]*store.Series, error) {
	body, err := encode(tenant, size)
	if err != nil {
		return nil, err
	}
	samples, err := decode(body)
	if err != nil {
		return nil, err
	}
	series := make([]*store.Series, 0, len(samples))
	for _, s := range samples {
		series = append(series, &store.Series{Labels: validate(s.Labels), Points: s.Points})
	}
	return series, nil
}

func encode(tenant string, size int) ([]byte, error) {
	samples := make([]sample, size)
	for i := range samples {
		labels := map[string]string{"tenant": tenant, "pod": fmt.Sprintf("pod-%d", i%17), "path": fmt.Sprintf("/api/v1/%d", i)}
		points := make([]float64, 64)
		for k := range points {
			points[k] = float64(i*k%997) / 3
		}
		samples[i] = sample{Name: fmt.Sprintf("requests_total_%d", i%29), Labels: labels, Points: points}
	}
	return json.Marshal(samples)
}

func decode(body []byte) ([]sample, error) {
	var samples []sample
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&samples)
	return samples, err
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func validate(labels map[string]string) map[string]string {
	for name := range labels {
		if !labelName.MatchString(name) {
			delete(labels, name)
		}
	}
	return labels
}

var selector = regexp.MustCompile(`pod-(1[0-6]|[2-9])$`)

// Query selects, sorts and aggregates the series size times.
func Query(series []*store.Series, size int) error {
	for range size {
		selected := selectSeries(series)
		sortSeries(selected)
		aggregate(selected)
	}
	return nil
}

func selectSeries(series []*store.Series) []*store.Series {
	var selected []*store.Series
	for _, s := range series {
		if selector.MatchString(s.Labels["pod"]) {
			selected = append(selected, s)
		}
	}
	return selected
}

func sortSeries(series []*store.Series) {
	slices.SortFunc(series, func(a, b *store.Series) int {
		return strings.Compare(a.Labels["path"], b.Labels["path"])
	})
}

func aggregate(series []*store.Series) map[string]float64 {
	sums := map[string]float64{}
	for _, s := range series {
		for _, p := range s.Points {
			sums[s.Labels["pod"]] += p
		}
	}
	return sums
}

// Compact compresses and hashes size blocks.
func Compact(tenant string, size int) error {
	for i := range size {
		block := bytes.Repeat([]byte(fmt.Sprintf("%s block %d ", tenant, i)), 4096)
		packed, err := compress(block)
		if err != nil {
			return err
		}
		checksum(packed)
	}
	return nil
}

func compress(block []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.Copy(w, bytes.NewReader(block)); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

func checksum(block []byte) string {
	sum := sha256.Sum256(block)
	return hex.EncodeToString(sum[:])
}

// NotifyForever is a forgotten receiver: it sends to a channel that nobody reads.
func NotifyForever(tenant string) {
	notify := make(chan string)
	notify <- tenant
}
