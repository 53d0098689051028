package disk

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func open(t *testing.T) *Dir {
	t.Helper()
	d, err := Open(filepath.Join(t.TempDir(), "made", "here"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// list returns every file and folder below d.
func list(t *testing.T, d *Dir) string {
	t.Helper()
	var names []string
	err := fs.WalkDir(d.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestAFileAppearsWhole(t *testing.T) {
	d := open(t)
	w, err := d.Create("a/b/heap.pb.gz")
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("heap"))
	if got, want := list(t, d), ". a a/b a/b/heap.pb.gz.partial"; got != want {
		t.Errorf("while written: %s", got)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got, want := list(t, d), ". a a/b a/b/heap.pb.gz"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if text, err := fs.ReadFile(d.FS(), "a/b/heap.pb.gz"); err != nil || string(text) != "heap" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestRemovingCleansEmptyFolders(t *testing.T) {
	d := open(t)
	for _, name := range []string{"a/b/1", "a/2"} {
		w, err := d.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Commit()
	}
	w, _ := d.Create("a/b/3")
	w.Discard()
	if err := d.Remove("a/b/1"); err != nil {
		t.Fatal(err)
	}
	if got, want := list(t, d), ". a a/2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNamesCannotLeave(t *testing.T) {
	d := open(t)
	for _, name := range []string{"../x", "a/../../x", "/x"} {
		if _, err := d.Create(name); err == nil {
			t.Errorf("%q was created", name)
		}
	}
}

func TestPermissions(t *testing.T) {
	for perm, folder := range map[fs.FileMode]fs.FileMode{0o600: 0o700, 0o640: 0o750, 0o666: 0o777} {
		if got := forFolders(perm); got != folder {
			t.Errorf("files %o: folders %o, want %o", perm, got, folder)
		}
	}
}
