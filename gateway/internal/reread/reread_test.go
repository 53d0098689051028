package reread

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAFileThatIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		changed := time.Now().Add(time.Duration(len(text)) * time.Second)
		os.Chtimes(path, changed, changed)
	}
	write("first\n")
	read := func() (string, error) {
		text, err := Text(path)
		if text == "bad" {
			err = errors.New("too short")
		}
		return text, err
	}
	v, err := New(read, slog.New(slog.DiscardHandler), path, "")
	if err != nil || v.Get() != "first" {
		t.Fatal(v.Get(), err)
	}
	get := func() string {
		v.next = time.Time{}
		return v.Get()
	}
	write("the second")
	if got := v.Get(); got != "first" {
		t.Errorf("asked at once: got %q", got)
	}
	if got := get(); got != "the second" {
		t.Errorf("replaced: got %q", got)
	}
	write("bad")
	if got := get(); got != "the second" {
		t.Errorf("one that is wrong: got %q", got)
	}
	os.Remove(path)
	if got := get(); got != "the second" {
		t.Errorf("removed: got %q", got)
	}
	write("a third one")
	if got := get(); got != "a third one" {
		t.Errorf("there again: got %q", got)
	}
}
