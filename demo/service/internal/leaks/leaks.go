// Package leaks starts goroutines that never end: one way for each mistake that services commonly make. They keep the
// pprof labels of the goroutine that starts them.
package leaks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Leaks starts them. All that wait for one lock wait for the same.
type Leaks struct {
	ledger ledger
	hold   sync.Once
}

// Kinds are the mistakes by name.
func Kinds() []string {
	return slices.Sorted(maps.Keys(kinds))
}

var kinds = map[string]func(l *Leaks, ctx context.Context){
	"receiver":  func(_ *Leaks, _ context.Context) { forgetReceiver() },
	"sender":    func(_ *Leaks, _ context.Context) { forgetSender() },
	"cancel":    func(_ *Leaks, ctx context.Context) { forgetCancel(ctx) },
	"mutex":     func(l *Leaks, _ context.Context) { l.holdMutex() },
	"waitgroup": func(_ *Leaks, _ context.Context) { forgetDone() },
	"ticker":    func(_ *Leaks, _ context.Context) { forgetStop() },
}

// Start makes a mistake count times. The values of ctx live on in what it starts, its end does not.
func (l *Leaks) Start(ctx context.Context, kind string, count int) error {
	leak, ok := kinds[kind]
	if !ok {
		return fmt.Errorf("unknown kind %q: expected one of %s", kind, strings.Join(Kinds(), ", "))
	}
	for range count {
		leak(l, context.WithoutCancel(ctx))
	}
	return nil
}

// forgetReceiver asks with a deadline and leaves without the answer, which nobody receives then.
func forgetReceiver() {
	answers := make(chan string)
	go sendAnswer(answers)
	select {
	case <-answers:
	case <-time.After(time.Microsecond):
	}
}

func sendAnswer(answers chan<- string) {
	time.Sleep(time.Millisecond)
	answers <- "late"
}

// forgetSender starts a consumer of a queue that nobody fills or closes.
func forgetSender() {
	queue := make(chan string)
	go consume(queue)
}

func consume(queue <-chan string) {
	for range queue {
	}
}

// forgetCancel subscribes and drops the subscription, whose watcher ends only when it is cancelled.
func forgetCancel(ctx context.Context) {
	subscribe(ctx)
}

type subscription struct {
	updates chan string
	cancel  context.CancelFunc
}

func subscribe(ctx context.Context) subscription {
	ctx, cancel := context.WithCancel(ctx)
	s := subscription{make(chan string), cancel}
	go watch(ctx, s.updates)
	return s
}

func watch(ctx context.Context, updates <-chan string) {
	for {
		select {
		case <-updates:
		case <-ctx.Done():
			return
		}
	}
}

// ledger is written by all jobs, one at a time.
type ledger struct {
	name    string
	mu      sync.Mutex
	entries []string
}

// holdMutex appends to a ledger whose lock is held by a flush that waits for an acknowledgement that never comes.
func (l *Leaks) holdMutex() {
	l.hold.Do(func() {
		locked := make(chan struct{})
		go l.ledger.flush(locked, make(chan struct{}))
		<-locked
	})
	go l.ledger.append("entry")
}

func (l *ledger) flush(locked chan<- struct{}, acknowledged <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(locked)
	l.await(acknowledged)
	l.entries = nil
}

//go:noinline
func (l *ledger) await(acknowledged <-chan struct{}) {
	<-acknowledged
}

func (l *ledger) append(entry string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry)
}

// forgetDone waits for two shards of which one returns before it says that it is done.
func forgetDone() {
	var shards sync.WaitGroup
	shards.Add(2)
	go runShard(&shards, false)
	go runShard(&shards, true)
	go awaitShards(&shards)
}

func runShard(shards *sync.WaitGroup, fails bool) {
	if fails {
		return
	}
	shards.Done()
}

func awaitShards(shards *sync.WaitGroup) {
	shards.Wait()
}

// forgetStop polls for ever for a client that is gone.
func forgetStop() {
	go poll(time.NewTicker(time.Hour))
}

func poll(ticker *time.Ticker) {
	for range ticker.C {
	}
}
