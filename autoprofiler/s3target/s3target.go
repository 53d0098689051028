// Package s3target uploads captures to S3 and to what speaks its protocol: Ceph, MinIO, R2, and Google Cloud Storage
// with HMAC keys. It is apart from package autoprofiler so that a service with another target does not link the AWS SDK.
package s3target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Bucket is an autoprofiler.Target. Only Name is required:
//
//	autoprofiler.Config{Service: "ingester", Target: &s3target.Bucket{Name: "profiles"}}
//
// Credentials come from the AWS SDK's default chain when the first object is put: the environment, shared files, web
// identity (EKS), container and instance roles. For Google Cloud Storage the environment's AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY are an HMAC key. The only permission needed is s3:PutObject.
type Bucket struct {
	// Name of the bucket.
	Name string
	// Prefix comes before each key, "prod" or "prod/go" say; at most 256 bytes. Default: none.
	Prefix string
	// Region of the bucket. Default: that of the SDK's configuration (AWS_REGION); with an Endpoint us-east-1, which
	// servers other than AWS take.
	Region string
	// Endpoint is the address of a server other than AWS: "https://storage.googleapis.com", "http://ceph:7480". The bucket
	// is then part of the path. Default: AWS.
	Endpoint string
	// VirtualHost makes the bucket part of Endpoint's host name, for servers that want it.
	VirtualHost bool
	// AWS is used in place of the SDK's default configuration, for credentials of another kind. Default: nil.
	AWS *aws.Config

	mu     sync.Mutex
	client *s3.Client
}

// Check returns everything that is wrong with the fields. It does not use the network.
func (b *Bucket) Check() error {
	var errs []error
	if b.Name == "" {
		errs = append(errs, errors.New("Bucket.Name is empty: expected the name of a bucket"))
	}
	if strings.ContainsAny(b.Name, "/: ") {
		errs = append(errs, fmt.Errorf("Bucket.Name is %q: expected the name alone; the address of the server is Endpoint, a folder is Prefix", b.Name))
	}
	if n := len(b.Prefix); n > 256 {
		errs = append(errs, fmt.Errorf("Bucket.Prefix has %d bytes: at most 256 are allowed", n))
	}
	if b.Endpoint != "" {
		u, err := url.Parse(b.Endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			errs = append(errs, fmt.Errorf(`Bucket.Endpoint is %q: expected an address without a path, such as "https://storage.googleapis.com"`, b.Endpoint))
		}
	}
	return errors.Join(errs...)
}

// Put uploads an object with one PutObject request. Retries are left to the caller, who knows what is more urgent.
func (b *Bucket) Put(ctx context.Context, key string, body io.ReadSeeker, size int64) error {
	client, err := b.connect(ctx)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", b.Name, err)
	}
	if prefix := strings.Trim(b.Prefix, "/"); prefix != "" {
		key = prefix + "/" + key
	}
	_, err = client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:        &b.Name,
		Key:           &key,
		Body:          body,
		ContentLength: &size,
	})
	if err != nil {
		return fmt.Errorf("bucket %s: %w", b.Name, err)
	}
	return nil
}

// connect makes the client when it is first needed: to look for credentials can take seconds, which a service's start
// should not, and can fail, which a later try should not remember.
func (b *Bucket) connect(ctx context.Context) (*s3.Client, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.client != nil {
		return b.client, nil
	}
	loaded, err := b.load(ctx)
	if err != nil {
		return nil, err
	}
	region := cmp.Or(b.Region, loaded.Region)
	if region == "" && b.Endpoint != "" {
		region = "us-east-1"
	}
	if region == "" {
		return nil, errors.New("no region: set Bucket.Region or AWS_REGION")
	}
	b.client = s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.Region = region
		o.Retryer = aws.NopRetryer{}
		o.HTTPSignerV4 = signer{o.HTTPSignerV4}
		// Older servers refuse the trailing checksums that the SDK adds by default. The signature covers the content.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		if b.Endpoint != "" {
			o.BaseEndpoint = &b.Endpoint
			o.UsePathStyle = !b.VirtualHost
		}
	})
	return b.client, nil
}

func (b *Bucket) load(ctx context.Context) (aws.Config, error) {
	if b.AWS != nil {
		return *b.AWS, nil
	}
	return config.LoadDefaultConfig(ctx)
}

// signer leaves Accept-Encoding out of the signature. Google's front end changes that header on its way to Cloud Storage,
// which then finds the signature wrong (github.com/aws/aws-sdk-go-v2/issues/1816). Answers to PutObject are too short
// for it to matter to anyone else.
type signer struct{ s3.HTTPSignerV4 }

func (s signer) SignHTTP(ctx context.Context, credentials aws.Credentials, r *http.Request, payloadHash, service, region string,
	at time.Time, options ...func(*v4.SignerOptions)) error {
	r.Header.Del("Accept-Encoding")
	return s.HTTPSignerV4.SignHTTP(ctx, credentials, r, payloadHash, service, region, at, options...)
}
