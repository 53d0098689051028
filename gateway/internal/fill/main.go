// Command fill makes the bucket of a URL, where the store has none of its name, and puts objects into it: lines of JSON with key and
// body, in base64, from standard input. The tests fill the servers of clouds with it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"sync"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"

	"github.com/pproflens/pproflens/gateway/internal/bucket"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fill BUCKET-URL < objects.jsonl")
		os.Exit(2)
	}
	if err := fill(context.Background(), os.Args[1], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "fill:", err)
		os.Exit(1)
	}
}

func fill(ctx context.Context, bucketURL string, objects io.Reader) error {
	if err := create(ctx, bucketURL); err != nil {
		return fmt.Errorf("the bucket cannot be made: %w", err)
	}
	b, err := bucket.Open(ctx, bucketURL, "")
	if err != nil {
		return err
	}
	defer b.Close()
	var (
		work    sync.WaitGroup
		turn    = make(chan bool, 8)
		failure = make(chan error, 1)
	)
	for decoder := json.NewDecoder(objects); ; {
		var object struct {
			Key  string
			Body []byte
		}
		if err := decoder.Decode(&object); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		turn <- true
		work.Go(func() {
			defer func() { <-turn }()
			if err := b.Put(ctx, object.Key, bytes.NewReader(object.Body)); err != nil {
				select {
				case failure <- fmt.Errorf("%s: %w", object.Key, err):
				default:
				}
			}
		})
	}
	work.Wait()
	select {
	case err := <-failure:
		return err
	default:
		return nil
	}
}

// create makes a bucket of Google's or Azure's. S3's is made by who has its credentials, and a folder when it is opened.
func create(ctx context.Context, bucketURL string) error {
	u, err := url.Parse(bucketURL)
	if err != nil {
		return err
	}
	b, err := blob.OpenBucket(ctx, bucketURL)
	if err != nil || u.Scheme == "file" {
		return nil // bucket.Open says what is wrong.
	}
	defer b.Close()
	var google *storage.Client
	if b.As(&google) {
		if _, err := google.Bucket(u.Host).Attrs(ctx); err == nil {
			return nil
		}
		return google.Bucket(u.Host).Create(ctx, "test", nil)
	}
	var azure *container.Client
	if b.As(&azure) {
		if _, err := azure.Create(ctx, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
			return err
		}
	}
	return nil
}
