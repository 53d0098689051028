package s3target_test

import (
	"log"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/s3target"
)

func Example() {
	profiler, err := autoprofiler.Start(autoprofiler.Config{Service: "ingester", Target: &s3target.Bucket{Name: "profiles"}})
	if err != nil {
		log.Print(err)
	}
	defer profiler.Stop()
}

// Google Cloud Storage takes S3 requests that are signed with an HMAC key, here of the environment: AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY.
func ExampleBucket_googleCloudStorage() {
	profiler, err := autoprofiler.Start(autoprofiler.Config{
		Service: "ingester",
		Target:  &s3target.Bucket{Name: "profiles", Endpoint: "https://storage.googleapis.com"},
	})
	if err != nil {
		log.Print(err)
	}
	defer profiler.Stop()
}
