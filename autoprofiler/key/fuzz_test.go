package key

import (
	"path"
	"strconv"
	"strings"
	"testing"
	"time"
)

// readBack reads a field back, as src/captures/field.ts does.
func readBack(t *testing.T, field string) string {
	t.Helper()
	if field == "!" {
		return ""
	}
	var name []byte
	for i := 0; i < len(field); i++ {
		if field[i] != '!' {
			name = append(name, field[i])
			continue
		}
		c, err := strconv.ParseUint(field[i+1:i+3], 16, 8)
		if err != nil {
			t.Fatalf("%q: %v", field, err)
		}
		name = append(name, byte(c))
		i += 2
	}
	return string(name)
}

// Whatever the names, a key is one, fits, and says them: a field is read back, a short one or its hash.
func FuzzFolder(f *testing.F) {
	for _, name := range []string{
		"ingester", "my_service", "größe x", "a/b", "", ".", "..", "!5f", "../../etc/passwd", "\x00\xff\n", "a\u202eb",
		strings.Repeat("é", 40), strings.Repeat("_", 300),
	} {
		f.Add(name, name, name, uint64(6979321856), uint64(8589934592), int64(1793715753456))
	}
	f.Add("s", "i", "v", uint64(0), uint64(1<<64-1), int64(-1))
	f.Fuzz(func(t *testing.T, service, instance, version string, value, limit uint64, milliseconds int64) {
		if len(Field(service)) > MaxService {
			t.Skip("refused by Start")
		}
		const years = 8000 * 365 * 24 * 3600 * 1000
		at := time.UnixMilli((milliseconds%years + years) % years)
		e := Event{service, at, "k3v9q2xd", "heap-ratio", value, limit, instance, version}
		name := e.Folder() + "/goroutine.txt.gz"
		if ok, err := path.Match(Glob, name); !ok || err != nil || !Is(name) {
			t.Fatalf("%q is no key: %v", name, err)
		}
		if n := len(name) + len("/") + 256; n > 1024 {
			t.Errorf("with a prefix the key has %d bytes", n)
		}
		parsed, file, ok := Parse(name)
		if !ok || file != "goroutine.txt.gz" || parsed.Service != service || parsed.Value != value || parsed.Limit != limit ||
			parsed.Time.UnixMilli() != at.UnixMilli() || parsed.ID != e.ID || parsed.Folder() != e.Folder() {
			t.Fatalf("%q is read as %+v, %q", name, parsed, file)
		}
		match := layoutPattern.FindStringSubmatch(name)
		if match == nil {
			t.Fatalf("the plugin's layout does not parse %q", name)
		}
		for part := range strings.SplitSeq(name, "/") {
			if len(part) > 255 {
				t.Errorf("a part has %d bytes: %s", len(part), part)
			}
		}
		for field, want := range map[string]string{"service": service, "instance": instance, "version": version} {
			got := match[layoutPattern.SubexpIndex(field)]
			most := map[string]int{"service": MaxService, "instance": maxInstance, "version": maxVersion}[field]
			if len(Field(want)) <= most {
				if read := readBack(t, got); read != want {
					t.Errorf("%s %q is read back as %q from %q", field, want, read, got)
				}
			} else if begin := readBack(t, got[:len(got)-13]); len(got) > most || !strings.HasPrefix(want, begin) {
				t.Errorf("%s %q is cut to %q", field, want, got)
			}
		}
		if match[layoutPattern.SubexpIndex("value")] != strconv.FormatUint(value, 10) ||
			match[layoutPattern.SubexpIndex("limit")] != strconv.FormatUint(limit, 10) ||
			match[layoutPattern.SubexpIndex("time")] != at.UTC().Format(timeFormat) {
			t.Errorf("%q does not say %d of %d at %v", name, value, limit, at)
		}
	})
}

// Two names never share a field, and a shortened one is no other's.
func FuzzTwoNames(f *testing.F) {
	f.Add("größe", "grüße")
	f.Add("a_b", "a!5fb")
	f.Add("", "!")
	f.Add(strings.Repeat("x", 97), strings.Repeat("x", 98))
	f.Add("my_service", "my service")
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == b {
			return
		}
		if Field(a) == Field(b) {
			t.Errorf("%q and %q are both %q", a, b, Field(a))
		}
		if short(a, maxInstance) == short(b, maxInstance) {
			// What is short is itself, and may look like the hash of another: not like that of the other here.
			t.Errorf("%q and %q are both %q", a, b, short(a, maxInstance))
		}
	})
}

// What is a key leads nowhere but to a file in the folder of an event.
func FuzzIs(f *testing.F) {
	name := example.Folder() + "/heap.pb.gz"
	for _, seed := range []string{
		name, "../" + name, strings.Replace(name, "/14/", "/../", 1), name + "/..", "/" + name, name + ".partial", name + "\n",
		strings.Replace(name, "ingester/", "../", 1), strings.Replace(name, "2026/11", "2026/13", 1), "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !Is(name) {
			return
		}
		if ok, err := path.Match(Glob, name); !ok || err != nil {
			t.Errorf("Glob does not match %q: %v", name, err)
		}
		if layoutPattern.FindString(name) != name {
			t.Errorf("the plugin's layout does not parse %q", name)
		}
	})
}
