package victim

import "time"

// Wait waits for until, depth calls deep. Goroutines with different paths have different stacks, none of which a profile can
// merge.
//
//go:noinline
func Wait(depth, path int, until <-chan struct{}) int {
	if depth == 0 {
		<-until
		return 0
	}
	if path&1 == 1 {
		return waitOther(depth-1, path>>1, until) + 1
	}
	return Wait(depth-1, path>>1, until) + 1
}

//go:noinline
func waitOther(depth, path int, until <-chan struct{}) int {
	if depth == 0 {
		<-until
		return 0
	}
	if path&1 == 1 {
		return waitOther(depth-1, path>>1, until) + 2
	}
	return Wait(depth-1, path>>1, until) + 2
}

// DeepGoroutines starts n goroutines that wait for ever, each depth calls deep, 200,000 a second.
func DeepGoroutines(n, depth int) {
	for i := range n {
		go Wait(depth, i, nil)
		if i%1000 == 999 {
			time.Sleep(5 * time.Millisecond)
		}
	}
}
