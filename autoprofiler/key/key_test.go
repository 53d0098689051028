package key

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"
)

var example = Event{
	Service:  "ingester",
	Time:     time.Date(2026, 11, 3, 14, 22, 33, 456_789_000, time.UTC),
	ID:       "k3v9q2xd",
	Trigger:  "heap-ratio",
	Value:    6979321856,
	Limit:    8589934592,
	Instance: "ingester-7f9c",
	Version:  "v1.42.0",
}

func TestFolder(t *testing.T) {
	const want = "ingester/2026/11/03/14/20261103T142233.456Z_k3v9q2xd_heap-ratio_6979321856-8589934592_ingester-7f9c_v1.42.0"
	if got := example.Folder(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	elsewhere := example
	elsewhere.Time = example.Time.In(time.FixedZone("UTC+5:30", 19800))
	if got := elsewhere.Folder(); got != want {
		t.Errorf("in another zone: got %s", got)
	}
}

func TestFoldersSortByTime(t *testing.T) {
	last := ""
	for _, later := range []time.Duration{0, time.Millisecond, time.Second, time.Hour, 24 * time.Hour, 90 * 24 * time.Hour} {
		e := example
		e.Time = e.Time.Add(later)
		if e.Folder() <= last {
			t.Errorf("%s does not sort after %s", e.Folder(), last)
		}
		last = e.Folder()
	}
}

// What the plugin reads back is in the same file.
func TestField(t *testing.T) {
	data, err := os.ReadFile("../../testdata/fields.json")
	if err != nil {
		t.Skip("not in the plugin's repository")
	}
	var vectors struct {
		Fields    []struct{ Name, Field string }
		AsTheyAre []string
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Fields) == 0 || len(vectors.AsTheyAre) == 0 {
		t.Fatal("there are no vectors")
	}
	written := map[string]string{}
	for _, v := range vectors.Fields {
		if got := Field(v.Name); got != v.Field {
			t.Errorf("Field(%q) = %q, want %q", v.Name, got, v.Field)
		}
		written[v.Field] = v.Name
	}
	for _, s := range vectors.AsTheyAre {
		if name, ok := written[s]; ok {
			t.Errorf("%q is the field of %q, not as it is", s, name)
		}
	}
	if got := Field("bad utf-8 \xff"); got != "bad!20utf-8!20!ff" {
		t.Errorf("of bytes that are no text: %q", got)
	}
}

func TestNamesDoNotCollide(t *testing.T) {
	const bytes = "ab_!5f./\xc3\xb6\xbc-"
	random := rand.New(rand.NewPCG(13, 5))
	seen := map[string]string{}
	for range 20_000 {
		name := make([]byte, random.IntN(4))
		for i := range name {
			name[i] = bytes[random.IntN(len(bytes))]
		}
		field := Field(string(name))
		if other, ok := seen[field]; ok && other != string(name) {
			t.Fatalf("%q and %q are both %q", name, other, field)
		}
		seen[field] = string(name)
		if field == "" || field == "." || field == ".." || !regexp.MustCompile(`^[A-Za-z0-9.!-]+$`).MatchString(field) {
			t.Fatalf("the field of %q is %q", name, field)
		}
	}
}

func TestLongNamesAreShortened(t *testing.T) {
	for _, name := range []string{
		strings.Repeat("x", 97), strings.Repeat("_", 300), strings.Repeat("größe", 60), strings.Repeat("😀", 30),
		strings.Repeat("\xff", 90), strings.Repeat(".", 400),
	} {
		got := short(name, 96)
		if len(got) > 96 || len(got) < 84 {
			t.Errorf("%.20q… has %d bytes: %s", name, len(got), got)
		}
		if got != short(name, 96) || got == short(name+"x", 96) {
			t.Errorf("%.20q… is not told from others: %s", name, got)
		}
		if begin := got[:len(got)-13]; !strings.HasPrefix(Field(name), begin) {
			t.Errorf("%.20q… cannot be read: %s", name, got)
		}
	}
	if got := short(strings.Repeat("x", 96), 96); got != strings.Repeat("x", 96) {
		t.Errorf("what fits is shortened to %s", got)
	}
	const want = "my!5fservice-of!20gr!c3!b6-ca74b754a88d"
	if got := short("my_service-of größe and more of it", 39); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// layoutPattern is what the plugin makes of Template: a field ends at the character after it.
var layoutPattern = regexp.MustCompile(`^(?P<service>[^/]+)/(\d{4})/(\d{2})/(\d{2})/(\d{2})/(?P<time>\d{8}T\d{6}\.\d{3}Z)` +
	`_(?P<event>[^_]+)_(?P<trigger>[^_]+)_(?P<value>\d+)-(?P<limit>\d+)_(?P<instance>[^_]+)_(?P<version>[^/]+)` +
	`/(?P<profile>[^.]+)\.(?P<ext>[A-Za-z0-9.]+)$`)

func TestHostileFieldsStillParse(t *testing.T) {
	hostile := []string{"a_b", "a/b", "../..", "_", "!5f", "a-b_c.d/e", strings.Repeat("_", 60), "é_日"}
	for _, s := range hostile {
		e := example
		e.Service, e.Instance, e.Version = s, s, s
		key := e.Folder() + "/goroutine.txt.gz"
		match := layoutPattern.FindStringSubmatch(key)
		if match == nil {
			t.Errorf("%q does not parse", key)
			continue
		}
		for field, want := range map[string]string{
			"service": Field(s), "instance": short(s, maxInstance), "version": short(s, maxVersion),
		} {
			if got := match[layoutPattern.SubexpIndex(field)]; got != want {
				t.Errorf("%s of %q: got %q, want %q", field, key, got, want)
			}
		}
		if ok, err := path.Match(Glob, key); !ok || err != nil {
			t.Errorf("Glob does not match %q: %v", key, err)
		}
	}
}

func TestIs(t *testing.T) {
	folder := example.Folder()
	for _, name := range []string{folder + "/heap.pb.gz", folder + "/meta.json", folder + "/trace.out", folder + "/allocs-delta.pb.gz"} {
		if !Is(name) {
			t.Errorf("%q is no key", name)
		}
	}
	for _, name := range []string{
		"", "notes.txt", folder, folder + "/", folder + "/notes", folder + "/heap.pb.gz/x", folder + "/-delta.pb.gz", folder + "/allocs-.pb.gz", folder + "/../heap.pb.gz", folder + "/.hidden",
		folder + "/heap.pb.gz\n", "/" + folder + "/heap.pb.gz", "a/" + folder + "/heap.pb.gz",
		strings.Replace(folder, "/14/", "/15/", 1) + "/heap.pb.gz", // not its hour
		strings.Replace(strings.Replace(folder, "20261103", "20261303", 1), "2026/11", "2026/13", 1) + "/heap.pb.gz",
		strings.Replace(folder, "k3v9q2xd", "k3v9q2x", 1) + "/heap.pb.gz",
		strings.Replace(folder, "ingester/", "in gester/", 1) + "/heap.pb.gz",
	} {
		if Is(name) {
			t.Errorf("%q is a key", name)
		}
	}
}

func TestLongestKeyFits(t *testing.T) {
	for _, c := range []string{"x", "_", "ö", "😀"} {
		service := strings.Repeat("x", MaxService)
		longest := strings.Repeat(c, 500)
		e := Event{service, example.Time, example.ID, longest, 1<<64 - 1, 1<<64 - 1, longest, longest}
		const maxPrefix, maxKey, maxName = 256, 1024, 255
		if n := maxPrefix + len("/") + len(e.Folder()+"/goroutine.txt.gz"); n > maxKey {
			t.Errorf("the longest key has %d bytes, S3 takes %d", n, maxKey)
		}
		for part := range strings.SplitSeq(e.Folder(), "/") {
			if len(part) > maxName {
				t.Errorf("a part of the longest key has %d bytes, file systems take %d: %s", len(part), maxName, part)
			}
		}
	}
}

func TestIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		id := NewID()
		if !regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{8}$`).MatchString(id) {
			t.Fatalf("id %q is not 8 characters of base32", id)
		}
		seen[id] = true
	}
	if len(seen) < 9_999 {
		t.Errorf("%d of 10,000 ids differ", len(seen))
	}
}

// In the plugin's repository, its default layout and ours are the same text.
func TestTemplateIsThePlugins(t *testing.T) {
	layout, err := os.ReadFile("../../src/captures/presetTemplates.ts")
	if err != nil {
		t.Skip("not in the plugin's repository")
	}
	if !strings.Contains(string(layout), "'"+Template+"'") {
		t.Errorf("src/captures/presetTemplates.ts does not have the template %s", Template)
	}
}
