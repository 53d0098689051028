package s3api

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pproflens/pproflens/gateway/internal/bucket"
)

// maxKeys is the most that a page of S3 has.
const maxKeys = 1000

func (h *Handler) list(w http.ResponseWriter, r *http.Request, parameters map[string]string) error {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The gateway lists a bucket by GET, got %s.", r.Method)
	}
	if err := only(parameters, "GET of an object and ListObjectsV2", "list-type", "prefix", "delimiter", "start-after",
		"continuation-token", "max-keys", "encoding-type", "fetch-owner", "x-id"); err != nil {
		return err
	}
	q, err := queryOf(parameters)
	if err != nil {
		return err
	}
	page := bucket.Page{}
	if q.Max > 0 {
		if page, err = h.Bucket.List(r.Context(), q); err != nil {
			if errors.Is(err, bucket.ErrNotFound) {
				return refuse(http.StatusNotFound, "NoSuchBucket", "The store has no such bucket: look at the gateway's -bucket.")
			}
			return err
		}
	}
	control := http.NewResponseController(w)
	control.SetWriteDeadline(time.Now().Add(h.WriteTimeout)) // A reader that takes nothing would keep its place for ever.
	defer control.SetWriteDeadline(time.Time{})
	encode := func(s string) string { return s }
	if parameters["encoding-type"] == "url" {
		encode = encodeKey
	}
	text := writers.Get().(*writer)
	defer writers.Put(text)
	text.Reset()
	text.page(h.Name, q, parameters["encoding-type"], page, encode)
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(text.Len()))
	text.WriteTo(w) // What cannot be sent is nobody's to be told.
	return nil
}

func queryOf(parameters map[string]string) (bucket.Query, error) {
	q := bucket.Query{
		Prefix: parameters["prefix"], Delimiter: parameters["delimiter"],
		StartAfter: parameters["start-after"], Token: parameters["continuation-token"], Max: maxKeys,
	}
	if parameters["list-type"] != "2" {
		return q, refuse(http.StatusBadRequest, "InvalidArgument", "The gateway lists by ListObjectsV2 alone: add list-type=2.")
	}
	if q.Delimiter != "" && q.Delimiter != "/" {
		return q, refuse(http.StatusNotImplemented, "NotImplemented", `Expected "/" as delimiter, got %q.`, q.Delimiter)
	}
	if encoding := parameters["encoding-type"]; encoding != "" && encoding != "url" {
		return q, refuse(http.StatusBadRequest, "InvalidArgument", `Expected "url" as encoding-type, got %q.`, encoding)
	}
	for name, key := range map[string]string{"prefix": q.Prefix, "start-after": q.StartAfter} {
		if err := checkKey(key, name); err != nil {
			return q, err
		}
	}
	if text, isThere := parameters["max-keys"]; isThere {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return q, refuse(http.StatusBadRequest, "InvalidArgument", "Expected a number as max-keys, got %q.", text)
		}
		q.Max = min(n, maxKeys)
	}
	return q, nil
}

var encoded = strings.NewReplacer("+", "%20", "%2F", "/")

// encodeKey writes a key as S3 does for encoding-type=url, but a space as "%20", which no reader takes for a plus sign.
func encodeKey(key string) string { return encoded.Replace(url.QueryEscape(key)) }
