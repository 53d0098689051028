package capture

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/gateway/internal/targets"
)

// What is read of a heap as text: its end has runtime.MemStats.
const (
	maxHeapText = 64 << 20
	tailSize    = 64 << 10
)

// memory is what a process says of its memory.
func (f *fetcher) memory(ctx context.Context, t targets.Target) (stats autoprofiler.MetaMemStats, maxRSS uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	body, err := f.get(ctx, t, "heap", "debug=1")
	if err != nil {
		return stats, 0, err
	}
	defer body.Close()
	var end tail
	if _, err := io.Copy(&end, io.LimitReader(body, maxHeapText)); err != nil {
		return stats, 0, err
	}
	stats, maxRSS = parseMemStats(string(end.bytes))
	if stats.Sys == 0 {
		err = errors.New("the heap as text has no runtime.MemStats")
	}
	return stats, maxRSS, err
}

// tail keeps the last bytes written.
type tail struct{ bytes []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	if extra := len(t.bytes) - tailSize; extra > tailSize {
		t.bytes = bytes.Clone(t.bytes[extra:])
	}
	return len(p), nil
}

// parseMemStats reads the lines of runtime.MemStats that runtime/pprof writes behind a heap as text (writeHeapInternal in
// runtime/pprof/pprof.go).
func parseMemStats(text string) (m autoprofiler.MetaMemStats, maxRSS uint64) {
	one := map[string]*uint64{
		"Sys": &m.Sys, "HeapAlloc": &m.HeapAlloc, "HeapSys": &m.HeapSys, "HeapIdle": &m.HeapIdle, "HeapInuse": &m.HeapInuse,
		"HeapReleased": &m.HeapReleased, "HeapObjects": &m.HeapObjects, "BuckHashSys": &m.BuckHashSys, "GCSys": &m.GCSys,
		"OtherSys": &m.OtherSys, "TotalAlloc": &m.TotalAlloc, "Mallocs": &m.Mallocs, "Frees": &m.Frees, "NextGC": &m.NextGC, "MaxRSS": &maxRSS,
	}
	// In use and of the system, as "# Stack = 1 / 2".
	two := map[string][2]*uint64{
		"Stack": {&m.StackInuse, &m.StackSys}, "MSpan": {&m.MSpanInuse, &m.MSpanSys}, "MCache": {&m.MCacheInuse, &m.MCacheSys},
	}
	for line := range strings.Lines(text) {
		name, value, isField := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), " = ")
		if !isField {
			continue
		}
		if to, isThere := one[name]; isThere {
			*to, _ = strconv.ParseUint(value, 10, 64)
			continue
		}
		if to, isThere := two[name]; isThere {
			inUse, system, _ := strings.Cut(value, " / ")
			*to[0], _ = strconv.ParseUint(inUse, 10, 64)
			*to[1], _ = strconv.ParseUint(system, 10, 64)
			continue
		}
		setOther(&m, name, value)
	}
	return m, maxRSS
}

func setOther(m *autoprofiler.MetaMemStats, name, value string) {
	n, _ := strconv.ParseUint(value, 10, 64)
	switch name {
	case "LastGC":
		if n > 0 {
			m.LastGC = time.Unix(0, int64(n)).UTC()
		}
	case "NumGC":
		m.NumGC = uint32(n)
	case "NumForcedGC":
		m.NumForcedGC = uint32(n)
	case "GCCPUFraction":
		if share, err := strconv.ParseFloat(value, 64); err == nil && share >= 0 && share <= 1 { // JSON has no NaN.
			m.GCCPUFraction = share
		}
	}
}
