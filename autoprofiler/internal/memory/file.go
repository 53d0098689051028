package memory

import (
	"io"
	"os"
)

// file is a small file of the kernel that is read again and again through one descriptor and one buffer.
type file struct {
	path   string
	f      *os.File // nil before the first read and after an error
	buffer []byte
}

// 8 KiB is three times the longest memory.stat of Linux 6.
func newFile(path string) *file { return &file{path: path, buffer: make([]byte, 8<<10)} }

// read returns the file's text, which is valid until the next read.
func (f *file) read() ([]byte, error) {
	if f.f == nil {
		opened, err := os.Open(f.path)
		if err != nil {
			return nil, err
		}
		f.f = opened
	}
	n, err := f.readOnce()
	if err != nil {
		f.close() // the next read opens it anew: a cgroup may have been made again
		return nil, err
	}
	return f.buffer[:n], nil
}

// readOnce reads with one system call: the kernel writes such a file anew for each, whatever the offset.
func (f *file) readOnce() (int, error) {
	if _, err := f.f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := f.f.Read(f.buffer)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (f *file) close() {
	if f.f != nil {
		f.f.Close()
		f.f = nil
	}
}

// find returns the number after name at the start of a line.
func find(text []byte, name string) (uint64, bool) {
	for len(text) > 0 {
		if len(text) >= len(name) && string(text[:len(name)]) == name {
			value, _ := cutField(text[len(name):])
			return parseUint(value), true
		}
		text = nextLine(text)
	}
	return 0, false
}

func nextLine(text []byte) []byte {
	for i, c := range text {
		if c == '\n' {
			return text[i+1:]
		}
	}
	return nil
}

// cutField returns the first field of a line and what follows it.
func cutField(text []byte) (field, rest []byte) {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t') {
		text = text[1:]
	}
	for i, c := range text {
		if c == ' ' || c == '\t' || c == '\n' {
			return text[:i], text[i:]
		}
	}
	return text, nil
}

// parseUint reads digits up to the first other character. strconv would want a string, and an allocation.
func parseUint(text []byte) uint64 {
	n := uint64(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}
