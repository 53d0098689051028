package spool

import (
	"bytes"
	"fmt"
	"io"
)

// Memory returns a spool in memory. A file being written can take twice its size.
func Memory(options Options) *Spool { return newSpool(memory{}, options) }

// memory holds files by key.
type memory map[string][]byte

func (m memory) create(key string) (sink, error) { return &buffer{files: m, key: key}, nil }

func (m memory) open(key string) (io.ReadSeekCloser, error) {
	content, ok := m[key]
	if !ok {
		return nil, fmt.Errorf("%s was given up", key)
	}
	return file{bytes.NewReader(content)}, nil
}

func (m memory) remove(key string) error {
	delete(m, key)
	return nil
}

type buffer struct {
	bytes.Buffer
	files memory
	key   string
}

func (b *buffer) Commit() error {
	b.files[b.key] = b.Bytes()
	return nil
}

func (b *buffer) Discard() {}

type file struct{ *bytes.Reader }

func (file) Close() error { return nil }
