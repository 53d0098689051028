// Package store keeps series in memory, as an ingester does.
package store

import (
	"fmt"
	"sync"
	"time"
	"unsafe"
)

// Series is one series of a tenant.
type Series struct {
	Labels map[string]string
	Points []float64
}

// recent bounds the series kept per tenant by Add.
const recent = 200

// Cache holds the series of each tenant.
type Cache struct {
	mu       sync.Mutex
	series   map[string][]*Series
	retained map[string][]*Series
}

// NewCache returns an empty cache.
func NewCache() *Cache {
	return &Cache{series: map[string][]*Series{}, retained: map[string][]*Series{}}
}

// Add keeps the newest series of a tenant.
func (c *Cache) Add(tenant string, series []*Series) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := append(c.series[tenant], series...)
	if len(all) > recent {
		all = append([]*Series(nil), all[len(all)-recent:]...)
	}
	c.series[tenant] = all
}

// Keep keeps series of a tenant for ever.
func (c *Cache) Keep(tenant string, series []*Series) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retained[tenant] = append(c.retained[tenant], series...)
}

// Bytes returns what the series of each tenant take.
func (c *Cache) Bytes() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	bytes := map[string]int{}
	for _, kept := range []map[string][]*Series{c.series, c.retained} {
		for tenant, all := range kept {
			for _, s := range all {
				bytes[tenant] += s.bytes()
			}
		}
	}
	return bytes
}

// mapBytes is about what Go takes for a map of up to eight labels: its header and one group of slots.
const mapBytes = 48 + 8 + 8*32

func (s *Series) bytes() int {
	n := int(unsafe.Sizeof(*s)) + 8*cap(s.Points) + mapBytes
	for name, value := range s.Labels {
		n += len(name) + len(value)
	}
	return n
}

// Series returns the series of a tenant.
func (c *Cache) Series(tenant string) []*Series {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*Series(nil), c.series[tenant]...)
}

// Retain is the leak: about size bytes of series that nothing ever drops.
func (c *Cache) Retain(tenant string, size int) {
	for size > 0 {
		s := newRetained(tenant, size)
		size -= len(s.Points)*8 + 512
		c.mu.Lock()
		c.retained[tenant] = append(c.retained[tenant], s)
		c.mu.Unlock()
	}
}

func newRetained(tenant string, size int) *Series {
	return &Series{Labels: retainedLabels(tenant), Points: retainedPoints(size)}
}

func retainedLabels(tenant string) map[string]string {
	labels := map[string]string{"tenant": tenant}
	for i := range 6 {
		labels[fmt.Sprintf("label_%d", i)] = fmt.Sprintf("%s-%d-%d", tenant, i, time.Now().UnixNano())
	}
	return labels
}

func retainedPoints(size int) []float64 {
	return make([]float64, min(2048, size/8+1))
}

// Contend holds the lock in small slices until d has passed.
func (c *Cache) Contend(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		c.mu.Lock()
		time.Sleep(time.Millisecond)
		c.mu.Unlock()
	}
}
