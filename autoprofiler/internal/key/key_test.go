package key

import (
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

func TestField(t *testing.T) {
	for in, want := range map[string]string{
		"ingester-7f9c":  "ingester-7f9c",
		"v1.42.0+dirty":  "v1.42.0!2bdirty",
		"my_service/eu":  "my!5fservice!2feu",
		"100% sure!":     "100!25!20sure!21",
		"größe":          "gr--e",
		"日本":             "--",
		"a\x00b\nc":      "a!00b!0ac",
		"":               "-",
		".":              "-!2e",
		"..":             "-!2e!2e",
		"..x":            "..x",
		"bad utf-8 \xff": "bad!20utf-8!20-",
	} {
		if got := Field(in); got != want {
			t.Errorf("Field(%q) = %q, want %q", in, got, want)
		}
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
		for _, field := range []string{"service", "instance", "version"} {
			if got := match[layoutPattern.SubexpIndex(field)]; got != Field(s) {
				t.Errorf("%s of %q: got %q, want %q", field, key, got, Field(s))
			}
		}
		if ok, err := path.Match(Glob, key); !ok || err != nil {
			t.Errorf("Glob does not match %q: %v", key, err)
		}
	}
}

func TestLongestKeyFits(t *testing.T) {
	longest := strings.Repeat("x", MaxField)
	e := Event{longest, example.Time, example.ID, "cgroup-ratio", 1<<64 - 1, 1<<64 - 1, longest, longest}
	const maxPrefix, maxKey = 256, 1024
	if n := maxPrefix + len("/") + len(e.Folder()+"/goroutine.txt.gz"); n > maxKey {
		t.Errorf("the longest key has %d bytes, S3 takes %d", n, maxKey)
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
	layout, err := os.ReadFile("../../../src/store/layout.ts")
	if err != nil {
		t.Skip("not in the plugin's repository")
	}
	if !strings.Contains(string(layout), "'"+Template+"'") {
		t.Errorf("src/store/layout.ts does not have the template %s", Template)
	}
}
