package bucket

import (
	"encoding/xml"
	"fmt"
	mathrand "math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// decoded is a page as encoding/xml reads it.
func decoded(text string) (Page, error) {
	var read struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string
		Contents              []struct {
			Key, ETag    string
			Size         int64
			LastModified time.Time
		}
		CommonPrefixes []struct{ Prefix string }
	}
	err := xml.Unmarshal([]byte(text), &read)
	page := Page{Next: read.NextContinuationToken, Objects: []Info{}}
	for _, o := range read.Contents {
		page.Objects = append(page.Objects, Info{Key: o.Key, ETag: o.ETag, Size: o.Size, Modified: timeText(o.LastModified)})
	}
	for _, p := range read.CommonPrefixes {
		page.Folders = append(page.Folders, p.Prefix)
	}
	return page, err
}

// pages are what servers of S3's interface write.
var pages = []string{
	`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>a/</Prefix>` +
		`<IsTruncated>true</IsTruncated><NextContinuationToken>x&amp;y=</NextContinuationToken>` +
		`<Contents><Key>a/&lt;1&gt; &amp;amp; &#34;ü&#x1F525;&quot;&apos;</Key><LastModified>2026-11-29T16:55:11.367Z</LastModified><ETag>&quot;9d&quot;</ETag><Size>17</Size>` +
		`<Owner><ID>x</ID><DisplayName>Key</DisplayName></Owner><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><StorageClass>STANDARD</StorageClass></Contents>` +
		`<Contents><Key>b</Key><LastModified>2026-11-29T16:55:11+01:00</LastModified><ETag>"9e"</ETag><Size>0</Size><Owner/></Contents>` +
		`<CommonPrefixes><Prefix>a/&amp;quot;/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes></ListBucketResult>` + "\n",
	"<ListBucketResult>\n  <IsTruncated>false</IsTruncated>\n  <Contents>\n <Key>a\n\tb</Key><Size>1</Size><LastModified>2026-11-29T16:55:11.1Z</LastModified>\n </Contents>\n</ListBucketResult>",
	"<ListBucketResult></ListBucketResult>",
}

func TestAPageIsReadAsXMLIs(t *testing.T) {
	for _, text := range pages {
		want, err := decoded(text)
		if got, ok := scanPage(text); err != nil || !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%.80s: got %+v, %v; want %+v, %v", text, got, ok, want, err)
		}
	}
}

// What is left to a reader of XML.
func TestAPageThatIsNotScanned(t *testing.T) {
	for _, text := range []string{
		"", "x", "<ListBucketResult>", "<ListBucketResult/>", "<Error><Code>x</Code></Error>", "<ListBucketResult></listBucketResult>",
		"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "<ListBucketResult></ListBucketResult>x", "<s3:ListBucketResult></s3:ListBucketResult>",
		"<ListBucketResult><EncodingType>url</EncodingType></ListBucketResult>", "<ListBucketResult><!-- <Contents> --></ListBucketResult>",
		"<ListBucketResult><Contents><Key><![CDATA[a]]></Key></Contents></ListBucketResult>", "<ListBucketResult><Contents><Key>&uuml;</Key></Contents></ListBucketResult>",
		"<ListBucketResult><Contents><Key>&#x85;</Key></Contents></ListBucketResult>", "<ListBucketResult><Contents><Key>a & b</Key></Contents></ListBucketResult>",
		"<ListBucketResult><Contents><Key>a\r\nb</Key></Contents></ListBucketResult>", "<ListBucketResult><Contents><Key>\xff</Key></Contents></ListBucketResult>",
		"<ListBucketResult><Contents><Size>x</Size></Contents></ListBucketResult>", "<ListBucketResult><Contents><Key>a</Key><LastModified>x</LastModified></Contents></ListBucketResult>",
		"<ListBucketResult><Contents><Key>a</Contents></Key></ListBucketResult>", `<ListBucketResult><Contents a=">"><Key>a</Key></Contents></ListBucketResult>`,
		"<ListBucketResult><Contents><x:Key>a</x:Key></Contents></ListBucketResult>", "<ListBucketResult><Contents></Contents></ListBucketResult>",
	} {
		if page, ok := scanPage(text); ok {
			t.Errorf("%q is read as %+v", text, page)
		}
	}
}

// Whatever is scanned is what encoding/xml reads.
func TestAChangedPage(t *testing.T) {
	random := mathrand.New(mathrand.NewPCG(1, 2))
	pieces := []string{"<", ">", "/", "&", ";", "&amp;", "&#9;", "\n", "\r", " ", "x", "<Key>", "</Key>", "<Contents>", "</Contents>", "<!--", "-->", "<?x ?>", "\xff", `"`}
	scanned := 0
	for range 50_000 {
		text := pages[random.IntN(len(pages))]
		at := random.IntN(len(text))
		end := min(len(text), at+random.IntN(4))
		text = text[:at] + pieces[random.IntN(len(pieces))] + text[end:]
		got, ok := scanPage(text)
		if !ok {
			continue
		}
		want, err := decoded(text)
		if err != nil {
			continue // No server writes that.
		}
		scanned++
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %+v\nwant %+v", text, got, want)
		}
	}
	if scanned < 1000 {
		t.Errorf("only %d were scanned", scanned)
	}
}

func BenchmarkScanPage(b *testing.B) {
	var text strings.Builder
	text.WriteString(`<ListBucketResult><IsTruncated>false</IsTruncated>`)
	for i := range 1000 {
		fmt.Fprintf(&text, `<Contents><Key>checkout/2026/11/29/14/20261129T143759.416Z_kzkb%04d_manual_38770952-0_checkout-7d9f_!/heap.pb.gz</Key>`+
			`<LastModified>2026-11-29T16:55:11.367Z</LastModified><ETag>&quot;9dd4e461268c8034f5c8564e155c67a6&quot;</ETag><Size>1</Size></Contents>`, i)
	}
	text.WriteString(`</ListBucketResult>`)
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if page, ok := scanPage(text.String()); !ok || len(page.Objects) != 1000 {
			b.Fatal(len(page.Objects), ok)
		}
	}
}
