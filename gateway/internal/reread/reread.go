// Package reread has what files say that are replaced while the gateway runs: tokens, passwords and certificates that are rotated.
package reread

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// pause is how long what was read is taken for what the files say.
const pause = 5 * time.Second

// Value is what a function makes of files, made again when one of them has changed. While that fails it is what it was. It is safe for
// concurrent use. Use New.
type Value[T any] struct {
	paths  []string
	read   func() (T, error)
	logger *slog.Logger

	mu     sync.Mutex
	value  T
	stamp  string // of the files when they were read
	failed string // the error that was logged last
	next   time.Time
}

// New reads the files. Empty paths are none.
func New[T any](read func() (T, error), logger *slog.Logger, paths ...string) (*Value[T], error) {
	v := &Value[T]{paths: paths, read: read, logger: logger, stamp: stampOf(paths), next: time.Now().Add(pause)}
	var err error
	v.value, err = read()
	return v, err
}

// Get returns what the files said when they could last be read.
func (v *Value[T]) Get() T {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	if now.Before(v.next) {
		return v.value
	}
	v.next = now.Add(pause)
	stamp := stampOf(v.paths)
	if stamp == v.stamp {
		return v.value
	}
	value, err := v.read()
	if err != nil { // Half of a pair is there, say: it is tried again.
		if v.failed != err.Error() {
			v.failed = err.Error()
			v.logger.Warn("gateway: changed files cannot be used; what they had before is", "files", strings.Join(v.paths, " "), "error", err)
		}
		return v.value
	}
	v.value, v.stamp, v.failed = value, stamp, ""
	v.logger.Info("gateway: changed files were read", "files", strings.Join(v.paths, " "))
	return v.value
}

// stampOf changes with the files. Kubernetes changes a link above them, which Stat follows.
func stampOf(paths []string) string {
	var stamp strings.Builder
	for _, path := range paths {
		if path == "" {
			continue
		}
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintf(&stamp, "%d %d;", info.ModTime().UnixNano(), info.Size())
		} else {
			stamp.WriteString("none;")
		}
	}
	return stamp.String()
}

// Text is what a file has, without space around. An empty path is "".
func Text(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

// Pool are the certificates of a file; nil for an empty path.
func Pool(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("expected certificates in %s", path)
	}
	return pool, nil
}

// Pair are a certificate and its key; none for an empty path.
func Pair(certFile, keyFile string) ([]tls.Certificate, error) {
	if certFile == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	return []tls.Certificate{pair}, err
}
