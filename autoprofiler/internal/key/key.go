// Package key names objects the way the plugin's default key layout reads them, so that a listing alone says when,
// why, and how full the memory was.
package key

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"
)

// Template is the plugin's default key layout.
const Template = "{service}/{yyyy}/{mm}/{dd}/{HH}/{time}_{event}_{trigger}_{value}-{limit}_{instance}_{version}/{profile}.{ext}"

// Glob matches the keys of the layout, to tell them from other files in a folder.
const Glob = "*/[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/[0-9][0-9]/*Z_*_*_*-*_*_*/*"

// MaxField is the longest a field may be once escaped, in bytes. Service, instance and version of this length, the
// fixed fields and a prefix of 256 bytes stay below S3's 1024 bytes for a key.
const MaxField = 200

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
		Field(e.Service), t.Format("2006/01/02/15"),
		t.Format("20060102T150405.000Z"), e.ID, Field(e.Trigger), e.Value, e.Limit, Field(e.Instance), Field(e.Version))
}

const hex = "0123456789abcdef"

// Field returns s as it stands in a key: letters, digits, '.' and '-' as they are, other ASCII as "!xx" (hex), which the
// plugin reads back, and anything else as '-', since stores and tools differ in how they encode it.
func Field(s string) string {
	if strings.Trim(s, ".") == "" {
		// Empty, ".", "..": as a folder these would name another one.
		return "-" + strings.ReplaceAll(s, ".", "!2e")
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-':
			b.WriteRune(r)
		case r < 0x80:
			b.Write([]byte{'!', hex[r>>4], hex[r&15]})
		default:
			b.WriteByte('-')
		}
	}
	return b.String()
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
