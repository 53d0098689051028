package spool

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pproflens/pproflens/autoprofiler/internal/disk"
	"github.com/pproflens/pproflens/autoprofiler/key"
)

// found is a folder as a process finds it, made of the bytes of a fuzzer.
type found struct {
	dir   string
	data  []byte
	files map[string][]byte // what is in it, by name
}

func (f *found) byte() byte {
	if len(f.data) == 0 {
		return 0
	}
	b := f.data[0]
	f.data = f.data[1:]
	return b
}

func (f *found) bytes(most int) []byte {
	n := min(int(f.byte()), most, len(f.data))
	b := f.data[:n]
	f.data = f.data[n:]
	return b
}

var profiles = []string{"heap.pb.gz", "meta.json", "goroutine.txt.gz", "trace.out", "notes", "a.b.c"}

// name is a key, one that is changed, or anything.
func (f *found) name() string {
	name := keyOf(int(f.byte()%60), profiles[int(f.byte())%len(profiles)])
	switch f.byte() % 6 {
	case 0:
		name += disk.Partial
	case 1:
		changed := []byte(name)
		for range 1 + f.byte()%3 {
			changed[int(f.byte())%len(changed)] = f.byte()
		}
		name = string(changed)
	case 2:
		name = string(f.bytes(100))
	}
	return name
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(content)
	z.Close()
	return b.Bytes()
}

// content is a whole file of some kind, one that is cut, or anything.
func (f *found) content() []byte {
	content := f.bytes(200)
	switch f.byte() % 4 {
	case 0:
		content = gzipped(content)
	case 1:
		content, _ = json.Marshal(string(content))
	case 2:
		content = gzipped(content)
		content = content[:int(f.byte())%len(content)]
	}
	return content
}

// write puts a file, a link or a folder there, if its name is one below the folder.
func (f *found) write() {
	name, kind, content := f.name(), f.byte()%8, f.content()
	name = path.Clean("/" + name)[1:]
	full := filepath.Join(f.dir, name)
	os.MkdirAll(filepath.Dir(full), 0o700)
	switch kind {
	case 0:
		os.Symlink(filepath.Join(f.dir, "notes"), full)
	case 1:
		os.Symlink("/etc/hostname", full)
	case 2:
		os.MkdirAll(full, 0o700)
	default:
		if info, err := os.Lstat(full); err == nil && !info.Mode().IsRegular() || os.WriteFile(full, content, 0o600) != nil {
			return
		}
		f.files[name] = content
		at := time.Now().Add(time.Duration(int8(f.byte())) * 24 * time.Hour)
		os.Chtimes(full, at, at)
	}
}

// isWhole is checkWhole in other words.
func isWhole(name string, content []byte) bool {
	switch {
	case len(content) == 0:
		return false
	case strings.HasSuffix(name, ".gz"):
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return false
		}
		_, err = io.ReadAll(z)
		return err == nil
	case strings.HasSuffix(name, ".json"):
		return json.Valid(content)
	}
	return true
}

// Whatever is in the folder at the start: what is sent is whole, as it was written and under its name, and what is nobody's is
// left alone.
func FuzzAFolderAtStart(f *testing.F) {
	f.Add([]byte{})
	// A heap profile, whole, cut, as a partial file, as a link, in place of a folder.
	f.Add([]byte{10, 0, 3, 3, 5, 'h', 'e', 'a', 'p', 's', 0, 1})
	f.Add([]byte{10, 0, 3, 3, 5, 'h', 'e', 'a', 'p', 's', 2, 9, 1})
	f.Add([]byte{10, 0, 0, 3, 5, 'h', 'e', 'a', 'p', 's', 0, 200})
	f.Add([]byte{10, 0, 3, 0, 0, 3, 10, 0, 3, 3, 1, 'x', 0, 1})
	f.Add([]byte{10, 0, 3, 2, 0, 3, 10, 1, 3, 3, 1, 'x', 1, 1})
	// meta.json, notes of somebody, a name that leads out.
	f.Add([]byte{20, 1, 3, 3, 4, 'm', 'e', 't', 'a', 1, 255, 20, 1, 3, 3, 1, '{', 3, 127})
	f.Add(append([]byte{1, 1, 2, 9}, "notes.txt\x03\x02hi\x03\x01"...))
	f.Add(append([]byte{1, 1, 2, 12}, "../../../etc\x03\x02hi\x03\x01"...))
	f.Fuzz(func(t *testing.T, data []byte) {
		there := found{t.TempDir(), data, map[string][]byte{}}
		for n := 0; len(there.data) > 0 && n < 8; n++ {
			there.write()
		}
		dropped := 0
		s, err := Disk(there.dir, time.Minute, Options{
			MaxBytes: 1000, MaxFile: 250, MaxAge: time.Hour, MemoryBytes: 100, MemoryFile: 50,
			Dropped: func(File, error) { dropped++ }, Trouble: func(error) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range send(t, s) {
			if want, ok := there.files[name]; !ok || !bytes.Equal(content, want) || !key.Is(name) || !isWhole(name, content) {
				t.Errorf("sent %q with %q, there was %q", name, content, want)
			}
			delete(there.files, name)
		}
		if s.Bytes() != 0 || s.Len() != 0 {
			t.Errorf("%d bytes of %d files are left", s.Bytes(), s.Len())
		}
		for name, want := range there.files {
			content, err := os.ReadFile(filepath.Join(there.dir, name))
			if own := key.Is(strings.TrimSuffix(name, disk.Partial)); !own && (err != nil || !bytes.Equal(content, want)) {
				t.Errorf("touched %q, which is nobody's: %v", name, err)
			} else if own && os.IsNotExist(err) && isWhole(name, want) && dropped == 0 && !strings.HasSuffix(name, disk.Partial) {
				t.Errorf("lost %q without a word", name)
			}
		}
	})
}

// send takes all files out as an upload does.
func send(t *testing.T, s *Spool) map[string][]byte {
	sent := map[string][]byte{}
	for f, ok := s.Next(); ok; f, ok = s.Next() {
		body, err := s.Open(f)
		if errors.Is(err, ErrLate) {
			t.Skip("the machine has too much to do: ", err)
		}
		if err == nil {
			content, err := io.ReadAll(body)
			if err != nil || int64(len(content)) != f.Size {
				t.Errorf("%q has %d bytes, not %d: %v", f.Key, len(content), f.Size, err)
			}
			sent[f.Key] = content
			body.Close()
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", f.Key, err)
		}
		if err := s.Done(f); errors.Is(err, ErrLate) {
			t.Skip("the machine has too much to do: ", err)
		} else if err != nil {
			t.Error(err)
		}
	}
	return sent
}
