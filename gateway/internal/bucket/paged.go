package bucket

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"
)

// maxPages that a request may take of a store that ignores where to start.
const maxPages = 200

// token is a continuation token: it must say again where the listing began.
type token struct {
	After string `json:"a,omitempty"`
	Store string `json:"s,omitempty"`
}

func (t token) String() string {
	text, _ := json.Marshal(t) // of strings never fails
	return base64.RawURLEncoding.EncodeToString(text)
}

// tokenOf is where a query begins.
func tokenOf(q query) (token, error) {
	if q.Token == "" {
		return token{After: q.StartAfter}, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(q.Token)
	var t token
	if err == nil {
		err = json.Unmarshal(text, &t)
	}
	if err != nil || t == (token{}) {
		return token{}, ErrToken
	}
	return t, nil
}

// behindFolder follows all keys in a folder: no UTF-8 is greater.
const behindFolder = "\U0010ffff"

// isBehind reports whether a folder of a listing has keys after this one.
func isBehind(folder, after string) bool {
	return folder > after || strings.HasPrefix(after, folder) && after != folder+behindFolder
}

// from is the name that a store is asked to begin with. Of folders, it may compare the names of these alone: so it begins with the one
// that the key lies in, which is then listed though nothing in it may follow.
func (t token) from(q query) string {
	if q.Delimiter == "" || !strings.HasPrefix(t.After, q.Prefix) {
		return t.After
	}
	end := strings.Index(t.After[len(q.Prefix):], q.Delimiter)
	if folder := t.After[:len(q.Prefix)+end+1]; end >= 0 && t.After != folder+behindFolder {
		return folder
	}
	return t.After
}

// paged is a store that is listed page by page from a name on: Google Cloud Storage and Azure.
type paged struct {
	common     *blob.Bucket
	startAt    func(name string) func(as func(any) bool) error
	etag       func(*blob.ListObject) string
	beforeRead func(as func(any) bool) error
}

// list asks for the names from StartAfter on, which both stores include, so it is left out here. Azure ignores that before
// version 2026-02-06 of its interface: what comes before is left out too, page by page.
func (p paged) list(ctx context.Context, q query) (Page, error) {
	at, err := tokenOf(q)
	if err != nil {
		return Page{}, err
	}
	options := &blob.ListOptions{Prefix: q.Prefix, Delimiter: q.Delimiter}
	if at.After != "" {
		options.BeforeList = p.startAt(at.from(q))
	}
	next := blob.FirstPageToken
	if at.Store != "" {
		next = []byte(at.Store)
	}
	for range maxPages {
		var found []*blob.ListObject
		found, next, err = p.common.ListPage(ctx, next, q.Max, options)
		if err != nil {
			return Page{}, err
		}
		page := pageOf(found, at.After, p.etag)
		if len(next) > 0 {
			page.Next = token{at.After, string(next)}.String()
		}
		if len(page.Objects)+len(page.Folders) > 0 || len(next) == 0 {
			return page, nil
		}
	}
	return Page{}, fmt.Errorf("%w: the store ignores where to start, and %d pages of %d names lie before %q", ErrTooMany, maxPages, q.Max, at.After)
}

// pageOf is what lies behind a key.
func pageOf(found []*blob.ListObject, after string, etag func(*blob.ListObject) string) Page {
	var page Page
	for _, o := range found {
		switch {
		case o.IsDir && (after == "" || isBehind(o.Key, after)):
			page.Folders = append(page.Folders, o.Key)
		case !o.IsDir && (after == "" || o.Key > after):
			page.Objects = append(page.Objects, Info{Key: o.Key, Size: o.Size, Modified: timeText(o.ModTime), ETag: etag(o)})
		}
	}
	return page
}

func startAtGCS(name string) func(func(any) bool) error {
	return func(as func(any) bool) error {
		var q *storage.Query
		if !as(&q) {
			return errors.New("the client is none of Google Cloud Storage")
		}
		q.StartOffset = name
		return nil
	}
}

func startAtAzure(name string) func(func(any) bool) error {
	return func(as func(any) bool) error {
		var options *container.ListBlobsHierarchyOptions
		if !as(&options) {
			return errors.New("the client is none of Azure Blob Storage")
		}
		options.StartFrom = &name
		return nil
	}
}

func etagGCS(o *blob.ListObject) string {
	var attributes storage.ObjectAttrs
	if !o.As(&attributes) {
		return etagOf(o)
	}
	return quoted(attributes.Etag)
}

func etagAzure(o *blob.ListObject) string {
	var item container.BlobItem
	if !o.As(&item) || item.Properties == nil || item.Properties.ETag == nil {
		return etagOf(o)
	}
	return quoted(string(*item.Properties.ETag))
}

// etagOf is that of gocloud.dev's folders and memory.
func etagOf(o *blob.ListObject) string { return fmt.Sprintf(`"%x-%x"`, o.ModTime.UnixNano(), o.Size) }

func quoted(etag string) string {
	if etag == "" || strings.HasSuffix(etag, `"`) {
		return etag
	}
	return `"` + etag + `"`
}

// rawGCS has objects as they are stored: Google's client takes gzip apart.
func rawGCS(as func(any) bool) error {
	var object **storage.ObjectHandle
	if as(&object) {
		*object = (*object).ReadCompressed(true)
	}
	return nil
}

func (p paged) get(ctx context.Context, key string, ask Ask) (*Object, error) {
	return getCommon(ctx, p.common, key, ask, &blob.ReaderOptions{BeforeRead: p.beforeRead})
}

// maxWhole is how many objects a listing of a folder or of memory may have.
const maxWhole = 100_000

// whole is a store that only a walk over all of it lists: gocloud.dev's folder and memory. The pages of a folder are in the
// order of its files, which is not that of keys ("a/x" comes before "a-b"), so that a page could miss some.
type whole struct{ common *blob.Bucket }

func (w whole) list(ctx context.Context, q query) (Page, error) {
	at, err := tokenOf(q)
	if err != nil {
		return Page{}, err
	}
	found, more, err := w.common.ListPage(ctx, blob.FirstPageToken, maxWhole, &blob.ListOptions{Prefix: q.Prefix})
	if err != nil {
		return Page{}, err
	}
	if len(more) > 0 {
		return Page{}, fmt.Errorf("%w: a folder is listed up to %d objects below a prefix, and %q has more: ask for a longer prefix, or use a bucket",
			ErrTooMany, maxWhole, q.Prefix)
	}
	found = slices.DeleteFunc(found, func(o *blob.ListObject) bool { return unfinished.MatchString(o.Key) })
	slices.SortFunc(found, func(a, b *blob.ListObject) int { return strings.Compare(a.Key, b.Key) })
	first, isThere := slices.BinarySearchFunc(found, at.After, func(o *blob.ListObject, key string) int { return strings.Compare(o.Key, key) })
	if isThere {
		first++
	}
	return cut(found[first:], q), nil
}

// unfinished is what gocloud.dev calls a file of a folder that is being written: one that was killed leaves it.
var unfinished = regexp.MustCompile(`\.[0-9a-f]{16}\.tmp$`)

// cut is the first page of objects in order.
func cut(found []*blob.ListObject, q query) Page {
	var page Page
	folder, last := "", ""
	for _, o := range found {
		if folder != "" && strings.HasPrefix(o.Key, folder) {
			continue
		}
		if len(page.Objects)+len(page.Folders) == q.Max {
			page.Next = token{After: last}.String()
			break
		}
		folder = ""
		if end := strings.Index(o.Key[len(q.Prefix):], "/"); end >= 0 && q.Delimiter != "" {
			folder = o.Key[:len(q.Prefix)+end+1]
			page.Folders = append(page.Folders, folder)
			last = folder + behindFolder
			continue
		}
		page.Objects = append(page.Objects, Info{Key: o.Key, Size: o.Size, Modified: timeText(o.ModTime), ETag: etagOf(o)})
		last = o.Key
	}
	return page
}

func (w whole) get(ctx context.Context, key string, ask Ask) (*Object, error) {
	return getCommon(ctx, w.common, key, ask, nil)
}

// getCommon asks for what an object is, then for as much of it as is wanted.
func getCommon(ctx context.Context, b *blob.Bucket, key string, ask Ask, options *blob.ReaderOptions) (*Object, error) {
	attributes, err := b.Attributes(ctx, key)
	if err != nil {
		return nil, err
	}
	object := &Object{
		Length: attributes.Size, ContentType: attributes.ContentType, ContentEncoding: attributes.ContentEncoding,
		Modified: attributes.ModTime, ETag: quoted(attributes.ETag),
	}
	if matches(ask.IfNoneMatch, object.ETag) {
		object.NotModified = true
		return object, nil
	}
	offset, length, err := parseRange(ask.Range, attributes.Size)
	if err != nil {
		return nil, err
	}
	if length != attributes.Size {
		object.ContentRange = fmt.Sprintf("bytes %d-%d/%d", offset, offset+length-1, attributes.Size)
		object.Length = length
	}
	if ask.Head {
		return object, nil
	}
	reader, err := b.NewRangeReader(ctx, key, offset, length, options)
	if err != nil {
		return nil, err
	}
	if reader.Size() != attributes.Size {
		reader.Close()
		return nil, errors.New("the object was replaced while it was read: ask again")
	}
	object.Body = struct {
		io.Reader
		io.Closer
	}{reader, reader}
	return object, nil
}

// matches reports whether an ETag is one of an If-None-Match.
func matches(ifNoneMatch, etag string) bool {
	for one := range strings.SplitSeq(ifNoneMatch, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || one != "" && strings.TrimPrefix(one, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
