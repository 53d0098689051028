// Package key names objects the way the plugin's default key layout reads them, so that a listing alone says when,
// why, and how full the memory was. The gateway of Pprof Lens writes such keys too.
package key

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Template is the plugin's default key layout.
const Template = "{service}/{yyyy}/{mm}/{dd}/{HH}/{time}_{event}_{trigger}_{value}-{limit}_{instance}_{version}/{profile}.{ext}"

// Glob matches the keys of the layout, and a few other files in such folders: Is tells which.
const Glob = "*/[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/[0-9][0-9]/*Z_*_*_*-*_*_*/*"

// pattern is what Folder writes and a file's name, with any name that a field may have had in earlier versions.
var pattern = sync.OnceValue(func() *regexp.Regexp {
	const name = `[A-Za-z0-9.!-]+`
	return regexp.MustCompile(`^` + name + `/(\d{4}/\d{2}/\d{2}/\d{2})/(\d{8}T\d{6}\.\d{3}Z)_[` + alphabet + `]{8}_` +
		name + `_\d{1,20}-\d{1,20}_` + name + `_` + name + `/[a-z]+(-[a-z]+)*(\.[a-z]+)+$`)
})

// timeFormat is that of the time in a folder's name, hourFormat that of the folders above it.
const (
	timeFormat = "20060102T150405.000Z"
	hourFormat = "2006/01/02/15"
)

// Is reports whether a name is a key: of a file in the folder of an event, in that of its hour.
func Is(name string) bool {
	match := pattern().FindStringSubmatch(name)
	if match == nil {
		return false
	}
	at, err := time.Parse(timeFormat, match[2])
	return err == nil && at.Format(hourFormat) == match[1]
}

// MaxService is the longest a service may be once escaped, in bytes: Start refuses a longer one. It is a folder, whose name
// may have 255 bytes.
const MaxService = 200

// What instance and version may have once escaped, in bytes; longer ones are shortened. With all else that is in the name
// of a capture's folder at its longest, and a trigger of maxTrigger bytes, these make 255. With a service of MaxService and
// a prefix of 256 bytes, a key has fewer than S3's 1,024.
const (
	maxInstance = 96
	maxVersion  = 64
	maxTrigger  = 21
)

// Event is what the keys of the files of one capture share.
type Event struct {
	Service           string
	Time              time.Time
	ID                string
	Trigger           string
	Value, Limit      uint64 // bytes
	Instance, Version string
}

// Folder returns the keys' common part, without a trailing slash. Folders of a service sort by time.
func (e Event) Folder() string {
	t := e.Time.UTC()
	return fmt.Sprintf("%s/%s/%s_%s_%s_%d-%d_%s_%s",
		Field(e.Service), t.Format(hourFormat),
		t.Format(timeFormat), e.ID, short(e.Trigger, maxTrigger), e.Value, e.Limit,
		short(e.Instance, maxInstance), short(e.Version, maxVersion))
}

const hex = "0123456789abcdef"

// Field returns s as it stands in a key: letters, digits, '.' and '-' as they are, every other byte as "!xx" (lower-case
// hex). Two names never share a field, and the plugin reads it back (src/captures/field.ts): testdata/fields.json is both
// sides' test. "", "." and "..", which as a folder would name another one, are "!", "!2e" and "!2e!2e".
func Field(s string) string {
	switch s {
	case "":
		return "!"
	case ".", "..":
		return strings.ReplaceAll(s, ".", "!2e")
	}
	return escape(s)
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-':
			b.WriteByte(c)
		default:
			b.Write([]byte{'!', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// short returns the field of s where it has at most max bytes. Else it is that of as many first characters as fit, "-" and
// 12 digits of the SHA-256 of s: one can still read what it is, the same name is the same field in every process, and names
// that begin alike differ.
func short(s string, max int) string {
	if field := Field(s); len(field) <= max {
		return field
	}
	sum := sha256.Sum256([]byte(s))
	hash := fmt.Sprintf("-%x", sum[:6])
	end := 0
	for n := 0; ; {
		_, size := utf8.DecodeRuneInString(s[end:])
		n += len(escape(s[end : end+size]))
		if n+len(hash) > max {
			return escape(s[:end]) + hash
		}
		end += size
	}
}

// Crockford's base32: no i, l, o or u, which are misread as digits when an id is read out.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID returns 40 random bits as 8 characters. Among 10,000 captures, two share an id once in 20,000 times; a range of
// time to look in makes that rarer still.
func NewID() string {
	var random [8]byte
	rand.Read(random[:]) // never fails since Go 1.24
	for i, b := range random {
		random[i] = alphabet[b&31]
	}
	return string(random[:])
}

// Parse returns the event and the file's name of a key; false for what is none. Names that were too long for a key are as it has
// them: shortened.
func Parse(name string) (Event, string, bool) {
	if !Is(name) {
		return Event{}, "", false
	}
	parts := strings.Split(name, "/")
	folder := strings.Split(parts[len(parts)-2], "_")
	if len(folder) != 6 {
		return Event{}, "", false
	}
	var e Event
	e.Time, _ = time.Parse(timeFormat, folder[0])
	e.ID = folder[1]
	fields := []struct {
		to   *string
		from string
	}{{&e.Service, parts[len(parts)-7]}, {&e.Trigger, folder[2]}, {&e.Instance, folder[4]}, {&e.Version, folder[5]}}
	for _, f := range fields {
		var ok bool
		if *f.to, ok = unescape(f.from); !ok {
			return Event{}, "", false
		}
	}
	if _, err := fmt.Sscanf(folder[3], "%d-%d", &e.Value, &e.Limit); err != nil {
		return Event{}, "", false
	}
	return e, parts[len(parts)-1], true
}

// unescape returns the name that Field wrote; false for what it does not write.
func unescape(field string) (string, bool) {
	if field == "!" {
		return "", true
	}
	var b strings.Builder
	for i := 0; i < len(field); i++ {
		if field[i] != '!' {
			b.WriteByte(field[i])
			continue
		}
		if i+2 >= len(field) {
			return "", false
		}
		c, err := strconv.ParseUint(field[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(c))
		i += 2
	}
	return b.String(), Field(b.String()) == field
}
