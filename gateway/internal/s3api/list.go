package s3api

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pproflens/pproflens/gateway/internal/bucket"
)

// maxKeys is the most that a page of S3 has.
const maxKeys = 1000

// result is a page as S3 writes it (docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
type result struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []content
	CommonPrefixes        []commonPrefix
}

type content struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type commonPrefix struct{ Prefix string }

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
	w.Header().Set("Content-Type", "application/xml")
	io.WriteString(w, xml.Header)
	return xml.NewEncoder(w).Encode(h.resultOf(q, page, parameters))
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

func (h *Handler) resultOf(q bucket.Query, page bucket.Page, parameters map[string]string) result {
	encode := func(s string) string { return s }
	if parameters["encoding-type"] == "url" {
		encode = encodeKey
	}
	answer := result{
		Name: h.Name, Prefix: encode(q.Prefix), Delimiter: encode(q.Delimiter), StartAfter: encode(q.StartAfter),
		ContinuationToken: q.Token, EncodingType: parameters["encoding-type"],
		KeyCount: len(page.Objects) + len(page.Folders), MaxKeys: q.Max,
		IsTruncated: page.Next != "", NextContinuationToken: page.Next,
	}
	for _, o := range page.Objects {
		answer.Contents = append(answer.Contents, content{
			Key: encode(o.Key), LastModified: o.Modified.UTC().Format("2006-01-02T15:04:05.000Z"), ETag: o.ETag, Size: o.Size,
			StorageClass: "STANDARD",
		})
	}
	for _, folder := range page.Folders {
		answer.CommonPrefixes = append(answer.CommonPrefixes, commonPrefix{encode(folder)})
	}
	return answer
}

// encodeKey writes a key as S3 does for encoding-type=url, but a space as "%20", which no reader takes for a plus sign.
func encodeKey(key string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(key))
}
