package bucket

import (
	"strconv"
	"strings"
)

// parseRange returns the part of an object that a Range header asks for (RFC 9110, section 14.1.2). What is no range of one part is
// all, as for any server.
func parseRange(header string, size int64) (offset, length int64, err error) {
	text, isBytes := strings.CutPrefix(header, "bytes=")
	from, to, isRange := strings.Cut(text, "-")
	if !isBytes || !isRange {
		return 0, size, nil
	}
	first, errFirst := number(from)
	last, errLast := number(to)
	switch {
	case errFirst != nil || errLast != nil || from == "" && to == "":
		return 0, size, nil
	case from == "":
		if last == 0 || size == 0 {
			return 0, 0, &RangeError{size}
		}
		first, last = max(0, size-last), size-1
	case to == "":
		last = size - 1
	case last < first:
		return 0, size, nil
	}
	if first >= size {
		return 0, 0, &RangeError{size}
	}
	last = min(last, size-1)
	return first, last - first + 1, nil
}

// wellFormed is a range that every server reads in the same way; "" for all others.
func wellFormed(header string) string {
	const large = 1 << 62
	if offset, length, err := parseRange(header, large); err == nil && offset == 0 && length == large {
		return ""
	}
	return header
}

// number reads digits alone; "" is 0.
func number(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err
}
