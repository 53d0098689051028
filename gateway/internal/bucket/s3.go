package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// s3Native passes on what S3 itself understands: the common interface knows no start-after and no ETag, and would escape keys
// that others have written.
type s3Native struct {
	client *s3.Client
	name   string
}

func (n s3Native) list(ctx context.Context, q query) (Page, error) {
	input := &s3.ListObjectsV2Input{
		Bucket: &n.name, Prefix: &q.Prefix, MaxKeys: aws.Int32(int32(q.Max)),
		Delimiter: ifSet(q.Delimiter), StartAfter: ifSet(q.StartAfter), ContinuationToken: ifSet(q.Token),
	}
	var scan scanned
	output, err := n.client.ListObjectsV2(ctx, input, scan.option)
	if err != nil {
		return Page{}, err
	}
	if scan.ok {
		return scan.page, nil
	}
	page := Page{Objects: make([]Info, 0, len(output.Contents))}
	for _, o := range output.Contents {
		page.Objects = append(page.Objects, Info{
			Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), Modified: timeText(aws.ToTime(o.LastModified)), ETag: aws.ToString(o.ETag),
		})
	}
	for _, p := range output.CommonPrefixes {
		page.Folders = append(page.Folders, aws.ToString(p.Prefix))
	}
	if aws.ToBool(output.IsTruncated) {
		page.Next = aws.ToString(output.NextContinuationToken)
	}
	return page, nil
}

func ifSet(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (n s3Native) get(ctx context.Context, key string, ask Ask) (*Object, error) {
	if ask.Head {
		return n.head(ctx, key, ask)
	}
	output, err := n.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &n.name, Key: &key, Range: ifSet(wellFormed(ask.Range)), IfNoneMatch: ifSet(ask.IfNoneMatch),
	}, withoutChecksum)
	if isNotModified(err) {
		return &Object{ETag: etagOfError(err, ask.IfNoneMatch), NotModified: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Object{
		Body: output.Body, Length: aws.ToInt64(output.ContentLength), ContentRange: aws.ToString(output.ContentRange),
		ContentType: aws.ToString(output.ContentType), ContentEncoding: aws.ToString(output.ContentEncoding),
		Modified: aws.ToTime(output.LastModified), ETag: aws.ToString(output.ETag),
	}, nil
}

// withoutChecksum: the client would log each object that its server has none of.
func withoutChecksum(o *s3.Options) {
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
}

func (n s3Native) head(ctx context.Context, key string, ask Ask) (*Object, error) {
	output, err := n.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &n.name, Key: &key, Range: ifSet(wellFormed(ask.Range)), IfNoneMatch: ifSet(ask.IfNoneMatch),
	})
	if isNotModified(err) {
		return &Object{ETag: etagOfError(err, ask.IfNoneMatch), NotModified: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Object{
		Length: aws.ToInt64(output.ContentLength), ContentRange: aws.ToString(output.ContentRange),
		ContentType: aws.ToString(output.ContentType), ContentEncoding: aws.ToString(output.ContentEncoding),
		Modified: aws.ToTime(output.LastModified), ETag: aws.ToString(output.ETag),
	}, nil
}

func statusOf(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// etagOfError is that of an object that is not modified. Ceph does not say it: then it is the one that was asked for, if it was one.
func etagOfError(err error, ifNoneMatch string) string {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response.Header.Get("ETag") != "" {
		return response.Response.Header.Get("ETag")
	}
	if one := strings.TrimSpace(ifNoneMatch); !strings.ContainsAny(one, "*,") {
		return one
	}
	return ""
}

func isNotModified(err error) bool { return statusOf(err) == http.StatusNotModified }

// s3Error is nil for what no S3 server has said.
func s3Error(err error) error {
	var said smithy.APIError
	code := ""
	if errors.As(err, &said) {
		code = said.ErrorCode()
	}
	switch status := statusOf(err); {
	case code == "InvalidArgument" || code == "InvalidToken":
		return fmt.Errorf("%w: %w", ErrToken, err)
	case status == http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	case status == http.StatusRequestedRangeNotSatisfiable:
		var response *smithyhttp.ResponseError
		if errors.As(err, &response) {
			var size int64
			if _, scanned := fmt.Sscanf(response.Response.Header.Get("Content-Range"), "bytes */%d", &size); scanned == nil {
				return &RangeError{size}
			}
		}
		return fmt.Errorf("%w: %w", ErrRange, err)
	}
	return nil
}
