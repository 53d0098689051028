// Package s3api answers what Pprof Lens asks of an S3 server, and nothing else: ListObjectsV2, and GET and HEAD of objects, of one
// bucket in path style.
package s3api

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pproflens/pproflens/gateway/internal/bucket"
)

// maxKey is the longest key that S3 has, in bytes.
const maxKey = 1024

// Handler answers for one bucket.
type Handler struct {
	Name   string // the bucket's in paths
	Bucket *bucket.Bucket
	Logger *slog.Logger
	// MaxRequests is how many are answered at once: others are told to come again.
	MaxRequests int
	// WriteTimeout is how long a reader may take for each piece of an object.
	WriteTimeout time.Duration

	running chan struct{}
}

// New returns a handler with the fields of h.
func New(h Handler) *Handler {
	h.running = make(chan struct{}, h.MaxRequests)
	return &h
}

// failure is an error as S3 writes it.
type failure struct {
	status        int
	code, message string
}

func (f *failure) Error() string { return f.message }

func refuse(status int, code, format string, values ...any) *failure {
	return &failure{status, code, fmt.Sprintf(format, values...)}
}

// statusGone is what metrics have for a request whose reader went away before it was answered, as nginx has it.
const statusGone = 499

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.serve(w, r)
	switch {
	case err == nil:
	case r.Context().Err() != nil: // Nobody waits for an answer, and the store is not to blame.
		h.Logger.Debug("gateway: a reader went away", "method", r.Method, "path", r.URL.Path, "error", err)
		w.WriteHeader(statusGone)
	default:
		h.fail(w, r, err)
	}
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The gateway only reads: expected GET or HEAD, got %s.", r.Method)
	}
	if r.ContentLength != 0 {
		return refuse(http.StatusBadRequest, "InvalidRequest", "A %s has no body: send none.", r.Method)
	}
	name, key, err := split(r.URL)
	if err != nil {
		return err
	}
	if name != h.Name {
		return refuse(http.StatusNotFound, "NoSuchBucket", "There is no bucket %q here: expected /%s/KEY.", name, h.Name)
	}
	parameters, err := parametersOf(r.URL.RawQuery)
	if err != nil {
		return err
	}
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	default:
		w.Header().Set("Retry-After", "1")
		return refuse(http.StatusServiceUnavailable, "SlowDown", "%d requests are being answered: ask again in a second.", h.MaxRequests)
	}
	if key == "" {
		return h.list(w, r, parameters)
	}
	return h.object(w, r, key, parameters)
}

// split takes bucket and key from a path. Keys with folders "." and ".." are refused, however they are written.
func split(u *url.URL) (name, key string, err error) {
	path, err := url.PathUnescape(u.EscapedPath())
	if err != nil {
		return "", "", refuse(http.StatusBadRequest, "InvalidURI", "The path has a percent code that cannot be read.")
	}
	name, key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return name, key, checkKey(path, "path")
}

// checkKey refuses what could lead out of a folder, and what no key is.
func checkKey(key, what string) error {
	switch {
	case !utf8.ValidString(key):
		return refuse(http.StatusBadRequest, "InvalidURI", "The %s has a percent code that is no UTF-8.", what)
	case strings.ContainsRune(key, 0):
		return refuse(http.StatusBadRequest, "InvalidURI", "The %s has a zero byte.", what)
	case len(key) > maxKey+256:
		return refuse(http.StatusBadRequest, "KeyTooLongError", "The %s has %d bytes, a key has at most %d.", what, len(key), maxKey)
	}
	for part := range strings.FieldsFuncSeq(key, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == "." || part == ".." {
			return refuse(http.StatusBadRequest, "InvalidURI", `The %s has a folder "." or "..".`, what)
		}
	}
	return nil
}

// parametersOf reads a query in which each parameter is there once.
func parametersOf(rawQuery string) (map[string]string, error) {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "InvalidURI", "The query cannot be read: %v.", err)
	}
	parameters := map[string]string{}
	for name, all := range values {
		if len(all) > 1 {
			return nil, refuse(http.StatusBadRequest, "InvalidArgument", "Expected each parameter once: leave out %q.", name)
		}
		if err := checkKey(name+"="+all[0], "query"); err != nil {
			return nil, err
		}
		parameters[name] = all[0]
	}
	return parameters, nil
}

// only refuses parameters that are not among these: they ask S3 for something else (?acl, ?policy), or change the answer.
func only(parameters map[string]string, what string, names ...string) error {
	for name := range parameters {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known {
			return refuse(http.StatusBadRequest, "InvalidArgument", "The gateway answers %s: leave out %q.", what, name)
		}
	}
	return nil
}

func (h *Handler) object(w http.ResponseWriter, r *http.Request, key string, parameters map[string]string) error {
	// The SDKs say with x-id what they call.
	if err := only(parameters, "GET of an object without parameters", "x-id"); err != nil {
		return err
	}
	ask := bucket.Ask{IfNoneMatch: r.Header.Get("If-None-Match"), Head: r.Method == http.MethodHead}
	if text := r.Header.Get("Range"); !strings.Contains(text, ",") && r.Header.Get("If-Range") == "" {
		ask.Range = text // Several parts, and a condition, are answered by the whole, as HTTP allows.
	}
	object, err := h.Bucket.Get(r.Context(), key, ask)
	if err != nil {
		return err
	}
	if object.Body != nil {
		defer object.Body.Close()
	}
	status := writeHeaders(w.Header(), object)
	w.WriteHeader(status)
	if object.Body == nil || object.NotModified {
		return nil
	}
	if n, err := h.copy(w, object.Body); err != nil || n != object.Length {
		level := slog.LevelWarn
		if r.Context().Err() != nil {
			level = slog.LevelDebug
		}
		h.Logger.Log(context.WithoutCancel(r.Context()), level, "gateway: an object was not sent whole", "key", key, "sent", n, "bytes", object.Length, "error", err)
		panic(http.ErrAbortHandler) // The reader must see that it is cut.
	}
	return nil
}

// writeHeaders says what an object is. @returns the status
func writeHeaders(header http.Header, object *bucket.Object) int {
	if object.ETag != "" {
		header.Set("ETag", object.ETag)
	}
	if object.NotModified {
		return http.StatusNotModified
	}
	header.Set("Accept-Ranges", "bytes")
	// As what it is, a profile of a stranger could be a page to a browser.
	header.Set("Content-Type", "application/octet-stream")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Length", strconv.FormatInt(object.Length, 10))
	header.Set("Last-Modified", object.Modified.UTC().Format(http.TimeFormat))
	if object.ContentEncoding != "" {
		header.Set("Content-Encoding", object.ContentEncoding)
	}
	if object.ContentRange != "" {
		header.Set("Content-Range", object.ContentRange)
		return http.StatusPartialContent
	}
	return http.StatusOK
}

// copySize is the piece of an object that is sent at a time, in bytes.
const copySize = 256 << 10

// copy sends a body. A reader that takes nothing for WriteTimeout is let go: it would hold a connection to the store.
func (h *Handler) copy(w http.ResponseWriter, body io.Reader) (int64, error) {
	control := http.NewResponseController(w)
	defer control.SetWriteDeadline(time.Time{}) // The connection goes on to the next request.
	buffer := make([]byte, copySize)
	var sent int64
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			control.SetWriteDeadline(time.Now().Add(h.WriteTimeout))
			written, err := w.Write(buffer[:n])
			sent += int64(written)
			if err != nil {
				return sent, err
			}
		}
		if err == io.EOF {
			return sent, nil
		}
		if err != nil {
			return sent, err
		}
	}
}

// fail answers with an error as S3 writes it.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := failureOf(err)
	if f.status >= 500 {
		h.Logger.Error("gateway: a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	var outside *bucket.RangeError
	if errors.As(err, &outside) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", outside.Size))
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.status)
	if r.Method == http.MethodHead {
		return
	}
	io.WriteString(w, xml.Header)
	xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: f.code, Message: f.message})
}

// failureOf says what an error is to the reader. What the store says stays in the log: it may tell of the operator's set-up.
func failureOf(err error) *failure {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, bucket.ErrNotFound):
		return refuse(http.StatusNotFound, "NoSuchKey", "There is no such object in the bucket.")
	case errors.Is(err, bucket.ErrForbidden):
		return refuse(http.StatusForbidden, "AccessDenied", "The store refuses the gateway's credentials: give its role the right to list and read the bucket.")
	case errors.Is(err, bucket.ErrRange):
		return refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The range lies behind the object's end.")
	case errors.Is(err, bucket.ErrToken):
		return refuse(http.StatusBadRequest, "InvalidArgument", "The continuation-token is none of this bucket's.")
	case errors.Is(err, bucket.ErrTooMany):
		return refuse(http.StatusBadRequest, "InvalidRequest", "%v.", err)
	case errors.Is(err, context.DeadlineExceeded):
		return refuse(http.StatusGatewayTimeout, "RequestTimeout", "The store did not answer in time.")
	}
	return refuse(http.StatusBadGateway, "InternalError", "The store failed: the gateway's log says how.")
}
