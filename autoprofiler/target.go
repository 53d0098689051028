package autoprofiler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/pproflens/pproflens/autoprofiler/internal/disk"
	"github.com/pproflens/pproflens/autoprofiler/internal/send"
)

// Target is where captures go. A target that also has a method Check() error is asked by Start whether it is set up
// right; Check must not use the network.
type Target interface {
	// Put stores size bytes of body under key, whole or not at all, and returns when they are safe. After an error the same
	// key is put again later, so a Put of a key that exists must replace it. body may be rewound. Put must return soon after
	// ctx ends: until it does, no other file is uploaded.
	Put(ctx context.Context, key string, body io.ReadSeeker, size int64) error
}

// Folder is a target: a local folder, made where it is missing. Keys become paths below it. The system does not let go of
// a write to a network mount that hangs, whatever Config.UploadTimeout says.
type Folder string

// Check returns an error unless the folder can be written.
func (f Folder) Check() error {
	if f == "" {
		return errors.New("the folder's path is empty")
	}
	dir, err := disk.Open(string(f), 0o666)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Check()
}

// Put writes a file beside its final place, and renames it when it is on disk. It cannot end before, with its context.
func (f Folder) Put(_ context.Context, key string, body io.ReadSeeker, size int64) error {
	dir, err := disk.Open(string(f), 0o666)
	if err != nil {
		return err
	}
	defer dir.Close()
	w, err := dir.Create(key)
	if err != nil {
		return err
	}
	n, err := io.Copy(w, body)
	if err == nil && n != size {
		err = fmt.Errorf("read %d bytes of %d", n, size)
	}
	if err == nil {
		err = w.Sync()
	}
	if err != nil {
		w.Discard()
		return err
	}
	return w.Commit()
}

// HTTP is a target: each object is sent with PUT to URL and its key.
type HTTP struct {
	// URL is what comes before the key, such as "https://captures.example.org/go/". Its query is kept.
	URL string
	// Header is sent with each request. It may hold credentials.
	Header http.Header
	// Client sends the requests, but follows no redirect. Default: http.DefaultClient.
	Client *http.Client
}

// Check returns an error unless URL is one.
func (t *HTTP) Check() error {
	_, err := t.url("")
	return err
}

func (t *HTTP) url(key string) (*url.URL, error) {
	u, err := url.Parse(t.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		// Not the text itself: it may hold a token.
		return nil, errors.New(`HTTP.URL is not an address such as "https://captures.example.org/go/"`)
	}
	return u.JoinPath(key), nil
}

// Put sends an object. Any 2xx answer means that it is stored.
func (t *HTTP) Put(ctx context.Context, key string, body io.ReadSeeker, size int64) error {
	u, err := t.url(key)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, u.String(), io.NopCloser(body))
	if err != nil {
		return err
	}
	request.ContentLength = size
	if size == 0 {
		request.Body = http.NoBody // else 0 means "not known"
	}
	// For a connection that turns out to be closed.
	request.GetBody = func() (io.ReadCloser, error) {
		_, err := body.Seek(0, io.SeekStart)
		return io.NopCloser(body), err
	}
	for name, values := range t.Header {
		request.Header[name] = values
	}
	return send.Do(t.Client, request, "set HTTP.URL to what takes PUT itself")
}
