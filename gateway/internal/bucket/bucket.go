// Package bucket reads and writes one bucket, and one prefix in it, by gocloud.dev/blob: S3, Google Cloud Storage, Azure Blob
// Storage, a folder, or memory. Keys are relative to the prefix and cannot leave it.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cloud.google.com/go/storage"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // Each registers the scheme of its URLs.
	_ "gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/memblob"
	_ "gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"
)

// What a request can fail of, by errors.Is. Other errors are the store's.
var (
	ErrNotFound  = errors.New("there is no such object")
	ErrForbidden = errors.New("the store refuses the gateway's credentials")
	ErrRange     = errors.New("the range lies behind the object's end")
	ErrToken     = errors.New("the continuation token is none of this gateway's")
	// ErrTooMany is that of a store that can only be listed as a whole.
	ErrTooMany = errors.New("too many objects")
)

// RangeError is an ErrRange of an object whose size is known.
type RangeError struct{ Size int64 }

func (e *RangeError) Error() string { return fmt.Sprintf("%v, which is at %d bytes", ErrRange, e.Size) }

// Unwrap is errors.Is's.
func (e *RangeError) Unwrap() error { return ErrRange }

// Bucket is safe for concurrent use. Use Open.
type Bucket struct {
	common *blob.Bucket
	native native
	prefix string // "" or ends in a slash
}

// native is what a provider's own client does where the common interface falls short.
type native interface {
	list(ctx context.Context, q query) (Page, error)
	get(ctx context.Context, key string, ask Ask) (*Object, error)
}

// Problems are what is wrong with a bucket's URL, which Open would refuse or misread.
func Problems(rawURL string) []string {
	u, err := url.Parse(rawURL)
	switch {
	case rawURL == "":
		return []string{`expected a bucket such as "s3://profiles?region=eu-west-1", "gs://profiles", "azblob://profiles" or "file://./profiles", got none`}
	case err != nil:
		return []string{fmt.Sprintf("expected a URL, got %q", rawURL)}
	case !blob.DefaultURLMux().ValidBucketScheme(u.Scheme):
		return []string{fmt.Sprintf("expected a URL that begins with s3://, gs://, azblob://, file:// or mem://, got %q", rawURL)}
	case u.Query().Has("prefix"):
		return []string{"expected the prefix as a setting of its own, got it in the bucket's URL: use -prefix"}
	case NameOf(rawURL) == "" && u.Scheme != "mem":
		return []string{fmt.Sprintf("expected the bucket's name in the URL, got %q", rawURL)}
	}
	return nil
}

// NameOf is the bucket's name in its URL: the host, or the last folder of a path.
func NameOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	if u.Scheme == "file" {
		if name := path.Base(u.Path); name != "." && name != "/" {
			return name
		}
		return ""
	}
	return u.Host
}

// FolderOf is the folder that a file:// URL names; "" for all others.
func FolderOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil || u.Scheme != "file":
		return ""
	case u.Host == ".":
		return "." + u.Path // As gocloud.dev has it.
	}
	return u.Path
}

// Open opens the bucket of a URL, with the default credentials of the provider's SDK. Nothing is asked of the store yet.
// prefix is "" or ends in a slash.
func Open(ctx context.Context, rawURL, prefix string) (*Bucket, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "file" {
		parameters := u.Query()
		// No file beside each with what a folder cannot say, and temporary files on the same file system, or they cannot be renamed.
		for name, value := range map[string]string{"create_dir": "true", "metadata": "skip", "no_tmp_dir": "true"} {
			if !parameters.Has(name) {
				parameters.Set(name, value)
			}
		}
		u.RawQuery = parameters.Encode()
	}
	common, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, err
	}
	b := &Bucket{common: common, prefix: prefix}
	var (
		s3Client    *s3.Client
		gcsClient   *storage.Client
		azureClient *container.Client
	)
	switch {
	case common.As(&s3Client):
		b.native = s3Native{client: s3.New(s3Client.Options(), withReadBuffer), name: u.Host}
	case common.As(&gcsClient):
		b.native = paged{common: common, startAt: startAtGCS, etag: etagGCS, beforeRead: rawGCS}
	case common.As(&azureClient):
		b.native = paged{common: common, startAt: startAtAzure, etag: etagAzure}
	default:
		b.native = whole{common: common}
	}
	return b, nil
}

// Close closes connections to the store.
func (b *Bucket) Close() error { return b.common.Close() }

// Info is an object in a listing.
type Info struct {
	Key      string
	Size     int64  // bytes
	Modified string // as S3 writes it: TimeForm in UTC
	ETag     string // with its quotes
}

// TimeForm is how S3 writes in a listing when an object was changed.
const TimeForm = "2006-01-02T15:04:05.000Z"

func timeText(t time.Time) string { return t.UTC().Format(TimeForm) }

// Page is a part of a listing. Objects and folders are each in the order of their bytes.
type Page struct {
	Objects []Info
	Folders []string // end in the delimiter
	Next    string   // continuation token; "" on the last page
}

// Query asks for a page of a listing.
type Query struct {
	Prefix     string
	Delimiter  string // "" or "/"
	StartAfter string // not with Token
	Token      string // a Page's Next
	Max        int    // objects and folders, 1 to 1,000
}

// query is a Query with keys as the store has them.
type query struct{ Query }

// List returns a page of a listing by one request to the store. A store that ignores where to start, and a page that has
// nothing behind that, take more.
func (b *Bucket) List(ctx context.Context, q Query) (Page, error) {
	inner := query{q}
	inner.Prefix = b.prefix + q.Prefix
	if q.StartAfter != "" {
		inner.StartAfter = b.prefix + q.StartAfter
	}
	page, err := b.native.list(ctx, inner)
	if err != nil {
		return Page{}, b.errorOf(err)
	}
	for i := range page.Objects {
		page.Objects[i].Key = strings.TrimPrefix(page.Objects[i].Key, b.prefix)
	}
	for i := range page.Folders {
		page.Folders[i] = strings.TrimPrefix(page.Folders[i], b.prefix)
	}
	return page, nil
}

// Ask says what is wanted of an object.
type Ask struct {
	Range       string // an HTTP Range of one part; "": all
	IfNoneMatch string // an HTTP If-None-Match
	Head        bool   // without the body
}

// Object is an object, or a part of it. Body must be closed.
type Object struct {
	Body            io.ReadCloser // nil for Ask.Head, and with NotModified
	Length          int64         // of Body, or of what it would be
	ContentRange    string        // "" for the whole object
	ContentType     string
	ContentEncoding string
	Modified        time.Time
	ETag            string
	NotModified     bool
}

// Get opens an object.
func (b *Bucket) Get(ctx context.Context, key string, ask Ask) (*Object, error) {
	object, err := b.native.get(ctx, b.prefix+key, ask)
	if err != nil {
		return nil, b.errorOf(err)
	}
	return object, nil
}

// Put stores an object whole, or not at all.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader) error {
	// A Close before the context ends would store what was written so far.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := b.common.NewWriter(ctx, b.prefix+key, &blob.WriterOptions{
		ContentType: "application/octet-stream", DisableContentTypeDetection: true,
	})
	if err != nil {
		return b.errorOf(err)
	}
	if _, err := io.Copy(w, body); err != nil {
		cancel()
		w.Close()
		return b.errorOf(err)
	}
	return b.errorOf(w.Close())
}

// errorOf says in this package's words what a store's error means.
func (b *Bucket) errorOf(err error) error {
	if err == nil || isOurs(err) {
		return err
	}
	if own := s3Error(err); own != nil {
		return own
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case gcerrors.PermissionDenied:
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	return err
}

func isOurs(err error) bool {
	for _, own := range []error{ErrNotFound, ErrForbidden, ErrRange, ErrToken, ErrTooMany} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}
