package bucket

import (
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// readBuffer is how much of the store's answer is read at a time, in bytes: a page has 300 kB, and the default is 4.
const readBuffer = 64 << 10

// withReadBuffer keeps what the client has otherwise, such as authorities of the environment.
func withReadBuffer(o *s3.Options) {
	if client, isSDKs := o.HTTPClient.(*awshttp.BuildableClient); isSDKs {
		o.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.ReadBufferSize = readBuffer })
	}
}

// scanned reads pages in place of the SDK, whose decoder takes longer for one than a server for the page: 20 ms of 1,000 keys. All
// else, what this does not know and errors too, is the SDK's.
type scanned struct {
	page Page
	ok   bool
}

func (s *scanned) option(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Insert(s, "OperationDeserializer", middleware.After)
	})
}

// ID is a middleware's.
func (*scanned) ID() string { return "PprofLensScanPage" }

// bodies are buffers for pages on their way.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// HandleDeserialize takes the body of a page, and leaves the SDK an empty one.
func (s *scanned) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	response, isHTTP := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !isHTTP || response.StatusCode != http.StatusOK {
		return out, metadata, err
	}
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	_, failed := body.ReadFrom(response.Body)
	response.Body.Close()
	if failed != nil {
		return out, metadata, failed
	}
	text := body.String()
	if s.page, s.ok = scanPage(text); s.ok {
		text = "<ListBucketResult></ListBucketResult>"
	}
	response.Body = io.NopCloser(strings.NewReader(text))
	return out, metadata, nil
}

// scanner reads a ListBucketResult as S3 servers write it: elements without attributes below the first, and text.
type scanner struct {
	page        Page
	object      Info
	isTruncated bool
	open        []string // elements
	begun       bool     // the tag before this one began an element
	isRead      bool     // a ListBucketResult was
}

// scanPage reads a page. It returns false for all that it would take a reader of XML to be sure of.
func scanPage(text string) (Page, bool) {
	if strings.Contains(text, "\r") || !utf8.ValidString(text) {
		return Page{}, false
	}
	s := scanner{page: Page{Objects: make([]Info, 0, strings.Count(text, "<Key>"))}}
	if declaration, rest, isThere := strings.Cut(text, "?>"); isThere && strings.HasPrefix(declaration, "<?xml ") {
		text = rest
	}
	for {
		begin := strings.IndexByte(text, '<')
		if begin < 0 {
			return s.page, s.isRead && len(s.open) == 0 && s.isTruncated == (s.page.Next != "") && strings.TrimSpace(text) == ""
		}
		length := strings.IndexByte(text[begin:], '>')
		if length < 2 {
			return Page{}, false
		}
		tag, rest := text[begin+1:begin+length], text[begin+length+1:]
		value, isLeaf := leafOf(tag, rest)
		switch {
		case isLeaf && len(s.open) > 0 && tag != "Contents" && isName(tag): // Most are, and this is shorter.
			if s.begun = false; !s.end(tag, value, true) {
				return Page{}, false
			}
			rest = rest[len(value)+len(tag)+3:]
		case !s.tag(tag, text[:begin]):
			return Page{}, false
		}
		text = rest
	}
}

// leafOf is the text up to a tag's end, if nothing else lies between them.
func leafOf(tag, rest string) (string, bool) {
	end := strings.IndexByte(rest, '<')
	after := end + 2 + len(tag)
	return rest[:max(end, 0)], end >= 0 && after < len(rest) && rest[end+1] == '/' && rest[after] == '>' && rest[end+2:after] == tag
}

// tag takes one, and the text before it.
func (s *scanner) tag(tag, before string) bool {
	last, isLeaf := len(s.open)-1, s.begun
	name, isEnd := strings.CutPrefix(tag, "/")
	s.begun = false
	switch {
	case isEnd && last >= 0 && s.open[last] == name:
		s.open = s.open[:last]
		return s.end(name, before, isLeaf)
	case isEnd:
		return false
	case last < 0:
		name, _, _ = strings.Cut(tag, " ")
		if name != "ListBucketResult" || strings.HasSuffix(tag, "/") || s.isRead {
			return false
		}
	case strings.HasSuffix(tag, "/"):
		name, _, _ = strings.Cut(tag[:len(tag)-1], " ")
		return isName(name)
	case !isName(name) || name == "ListBucketResult":
		return false
	case last == 0 && name == "Contents":
		s.object = Info{}
	}
	s.open, s.begun, s.isRead = append(s.open, name), true, true
	return true
}

// isName reports whether an element has a name alone, and that of no other namespace.
func isName(tag string) bool {
	for i := range len(tag) {
		if c := tag[i] | 0x20; (c < 'a' || c > 'z') && (tag[i] < '0' || tag[i] > '9') {
			return false
		}
	}
	return tag != ""
}

// end takes an element with its text, which is all that it has if it is a leaf.
func (s *scanner) end(name, text string, isLeaf bool) (isRead bool) {
	switch {
	case len(s.open) == 2 && s.open[1] == "Contents":
		isRead = s.object.scan(name, text)
		return isRead && (isLeaf || name == "Owner" || name == "RestoreStatus")
	case len(s.open) == 2 && s.open[1] == "CommonPrefixes" && name == "Prefix":
		folder, isRead := plainText(text)
		s.page.Folders = append(s.page.Folders, folder)
		return isRead && isLeaf
	case len(s.open) != 1:
	case name == "Contents":
		s.page.Objects = append(s.page.Objects, s.object)
		return s.object.Key != ""
	case name == "IsTruncated":
		s.isTruncated = text == "true"
		return isLeaf && (text == "true" || text == "false")
	case name == "NextContinuationToken":
		s.page.Next, isRead = plainText(text)
		return isRead && isLeaf
	case name == "EncodingType": // Not asked for: keys would be written otherwise.
		return false
	}
	return true
}

// scan reads a field of an object.
func (i *Info) scan(name, text string) (isRead bool) {
	var err error
	switch name {
	case "Key":
		i.Key, isRead = plainText(text)
		return isRead
	case "ETag":
		i.ETag, isRead = plainText(text)
		return isRead
	case "Size":
		i.Size, err = strconv.ParseInt(text, 10, 64)
	case "LastModified":
		if i.Modified = text; !isTimeForm(text) {
			var at time.Time
			at, err = time.Parse(time.RFC3339, text)
			i.Modified = timeText(at)
		}
	}
	return err == nil
}

// isTimeForm reports whether a text has digits where TimeForm has them.
func isTimeForm(text string) bool {
	if len(text) != len(TimeForm) {
		return false
	}
	for i := range len(text) {
		if isDigit := text[i] >= '0' && text[i] <= '9'; isDigit != (TimeForm[i] >= '0' && TimeForm[i] <= '9') || !isDigit && text[i] != TimeForm[i] {
			return false
		}
	}
	return true
}

// plainText is the text of an element. It returns false where there are other entities than XML's own.
func plainText(text string) (string, bool) {
	if strings.IndexByte(text, '&') < 0 {
		return text, true
	}
	text = strings.ReplaceAll(text, "&quot;", `"`) // Of an ETag.
	for rest := text; ; {
		_, after, isThere := strings.Cut(rest, "&")
		if !isThere {
			if rest == text {
				return text, true
			}
			return html.UnescapeString(text), true
		}
		name, more, isWhole := strings.Cut(after, ";")
		if !isWhole || !isEntity(name) {
			return "", false
		}
		rest = more
	}
}

// isEntity reports whether a name between & and ; is one of XML's, which HTML reads in the same way.
func isEntity(name string) bool {
	switch name {
	case "amp", "lt", "gt", "quot", "apos":
		return true
	}
	digits, isNumber := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	// HTML has other characters for 128 to 159, and neither has those that are left out here.
	return isNumber && err == nil && (n == '\t' || n == '\n' || n == '\r' || n >= 32 && n < 127 || n > 159 && n < 0xd800 || n >= 0x10000 && n <= 0x10ffff)
}
