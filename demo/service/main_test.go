package main

import (
	"fmt"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

func TestLeakGoroutines(t *testing.T) {
	s := newServer(1)
	tenant := fmt.Sprint("tenant-", time.Now().UnixNano())
	for query, want := range map[string]int{
		"kind=sender&count=5":     200,
		"kind=sender&count=0":     400,
		"kind=sender&count=10001": 400,
		"kind=mistake&count=1":    400,
	} {
		w := httptest.NewRecorder()
		s.leakGoroutines(w, httptest.NewRequest("GET", "/leak/goroutine?tenant="+tenant+"&"+query, nil))
		if w.Code != want {
			t.Errorf("%s: %d %s, want %d", query, w.Code, w.Body, want)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		var text strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
			t.Fatal(err)
		}
		for _, record := range strings.Split(text.String(), "\n\n") {
			if strings.Contains("\n"+record, "\n5 @") && strings.Contains(record, tenant) {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("expected 5 goroutines of %s in\n%s", tenant, text.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}
