package leaks

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"
)

// where is a function that each kind leaves behind, once for each time the mistake was made.
var where = map[string]string{
	"receiver":  "leaks.sendAnswer(",
	"sender":    "leaks.consume(",
	"cancel":    "leaks.watch(",
	"mutex":     "leaks.(*ledger).append(",
	"waitgroup": "leaks.awaitShards(",
	"ticker":    "leaks.poll(",
}

func dump() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

func TestEveryKindLeaks(t *testing.T) {
	if len(where) != len(Kinds()) {
		t.Fatalf("kinds are %v", Kinds())
	}
	count := func(function string) int { return strings.Count(dump(), "\n"+pkg+function) }
	before := map[string]int{}
	for kind, function := range where {
		before[kind] = count(function)
	}
	held := count("leaks.(*ledger).flush(")
	ctx, cancel := context.WithCancel(context.Background())
	var l Leaks
	for _, kind := range Kinds() {
		if err := l.Start(ctx, kind, 3); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	deadline := time.Now().Add(10 * time.Second)
	for kind, function := range where {
		for count(function)-before[kind] != 3 {
			if time.Now().After(deadline) {
				t.Fatalf("%s: expected 3 of %s in\n%s", kind, function, dump())
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	if got := count("leaks.(*ledger).flush(") - held; got != 1 {
		t.Errorf("%d goroutines hold the lock, want 1", got)
	}
}

const pkg = "github.com/pproflens/pproflens/demo/service/internal/"

func TestUnknownKind(t *testing.T) {
	err := new(Leaks).Start(context.Background(), "memory", 1)
	if err == nil || !strings.Contains(err.Error(), "cancel, mutex, receiver") {
		t.Errorf("got %v", err)
	}
}
