package spool

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
)

// chunkSize is by how much a file in memory grows. A buffer that doubles would hold up to twice of what is accounted, and
// be copied when memory is shortest.
const chunkSize = 64 << 10

// Memory returns a spool in memory. It holds what it accounts, up to a chunk more for each file being written, and a file
// that is given up during its upload until that ends.
func Memory(options Options) *Spool {
	options.MemoryBytes, options.MemoryFile = options.MaxBytes, options.MaxFile
	return newSpool(nil, options)
}

// memory holds files by key.
type memory map[string]chunks

func (m memory) create(key string) (sink, error) { return &buffer{files: m, key: key}, nil }

func (m memory) open(key string) (io.ReadSeekCloser, error) {
	content, ok := m[key]
	if !ok {
		return nil, fmt.Errorf("%s was given up: %w", key, fs.ErrNotExist)
	}
	return file{io.NewSectionReader(content, 0, content.size())}, nil
}

func (m memory) remove(key string) error {
	delete(m, key)
	return nil
}

// chunks are the bytes of a file. All but the last have chunkSize.
type chunks [][]byte

func (c chunks) size() int64 {
	if len(c) == 0 {
		return 0
	}
	return int64(len(c)-1)*chunkSize + int64(len(c[len(c)-1]))
}

// ReadAt is an io.ReaderAt's.
func (c chunks) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		at := offset + int64(n)
		if at >= c.size() {
			return n, io.EOF
		}
		n += copy(p[n:], c[at/chunkSize][at%chunkSize:])
	}
	return n, nil
}

type buffer struct {
	chunks
	files memory
	key   string
}

func (b *buffer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if b.size()%chunkSize == 0 { // the last one is full, or there is none
			b.chunks = append(b.chunks, make([]byte, 0, chunkSize))
		}
		last := &b.chunks[len(b.chunks)-1]
		n := min(len(rest), chunkSize-len(*last))
		*last = append(*last, rest[:n]...)
		rest = rest[n:]
	}
	return len(p), nil
}

func (b *buffer) Commit() error {
	if last := len(b.chunks) - 1; last >= 0 {
		b.chunks[last] = bytes.Clone(b.chunks[last]) // without what it has to spare: most files are small
	}
	b.files[b.key] = b.chunks
	return nil
}

func (b *buffer) Discard() {}

type file struct{ *io.SectionReader }

func (file) Close() error { return nil }
