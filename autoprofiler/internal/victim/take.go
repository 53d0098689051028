//go:build linux

// Package victim takes memory in the ways in which services die of it, and makes memory cgroups to die in. Tests and
// internal/survive start the processes.
package victim

import (
	"fmt"
	"runtime/debug"
	"syscall"
	"time"
)

const (
	page = 4096
	mib  = 1 << 20
)

var taken [][]byte

// take takes n bytes, and touches them so that the kernel has to find the pages.
//
//go:noinline
func take(n int) {
	block := make([]byte, n)
	touch(block)
	taken = append(taken, block)
}

func touch(block []byte) {
	for i := 0; i < len(block); i += page {
		block[i] = 1
	}
}

// atRate calls more until it has taken rate bytes a second, for ever. more returns what it took.
func atRate(rate int, pause time.Duration, more func() int) {
	for start, sum := time.Now(), 0; ; time.Sleep(pause) {
		for due := int(time.Since(start).Seconds() * float64(rate)); sum < due; {
			sum += more()
		}
	}
}

// blockOf is what 5 ms of a rate take, or 64 KiB if that is more.
func blockOf(rate int) (size int, pause time.Duration) {
	size = max(64<<10, rate/200)
	return size, time.Duration(size) * time.Second / time.Duration(rate)
}

// Leak takes rate bytes a second, and never returns.
func Leak(rate int) {
	size, pause := blockOf(rate)
	atRate(rate, pause, func() int {
		take(size)
		return size
	})
}

// LeakMapped takes rate bytes a second outside of Go's heap, and never returns.
func LeakMapped(rate int) {
	size, pause := blockOf(rate)
	atRate(rate, pause, func() int {
		block, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			panic(err)
		}
		touch(block)
		return size
	})
}

type node struct {
	before *node
	name   string
	fields map[string]int
}

// LeakSmall takes at least rate bytes a second in objects of some hundred bytes that point to each other, and never returns.
func LeakSmall(rate int) {
	const least = 400
	var last *node
	i := 0
	atRate(rate, 2*time.Millisecond, func() int {
		i++
		last = &node{before: last, name: fmt.Sprint("k", i), fields: map[string]int{"a": i}}
		return least
	})
}

// LeakGoroutines takes rate bytes a second in stacks of goroutines that wait, and never returns.
func LeakGoroutines(rate int) {
	const stack = 4096
	until := make(chan int)
	atRate(rate, 2*time.Millisecond, func() int {
		go func() {
			var local [1024]byte
			local[stack%len(local)] = 1
			<-until
			_ = local[0]
		}()
		return stack
	})
}

// Burst goes to a share of the limit within a second, holds it for three, and takes another share at once. It returns if
// the process outlives that.
func Burst(limit uint64, from, by float64) {
	for float64(len(taken)*mib) < from*float64(limit) {
		take(mib)
		time.Sleep(2 * time.Millisecond)
	}
	time.Sleep(3 * time.Second)
	take(int(by * float64(limit)))
	time.Sleep(5 * time.Second)
}

// Flap is a saw from half the limit to a peak, given as a share, in a period, so long; then it rises by 2 % of the limit
// a second, and never returns.
func Flap(limit uint64, peak float64, period, long time.Duration) {
	const base = 12 // MiB, of the process itself
	half := int(limit / 2 / mib)
	steps := int(peak*float64(limit)/mib) - half
	for start := time.Now(); time.Since(start) < long; time.Sleep(500 * time.Millisecond) {
		for len(taken) < half {
			take(mib)
		}
		for range steps - base {
			take(mib)
			time.Sleep(period / time.Duration(steps))
		}
		taken = append([][]byte(nil), taken[:half]...)
		debug.FreeOSMemory()
	}
	Leak(int(limit / 50))
}
