package pyroscopetarget_test

import (
	"log"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/pyroscopetarget"
	"github.com/pproflens/pproflens/autoprofiler/s3target"
)

func Example() {
	target := &pyroscopetarget.Server{URL: "http://pyroscope:4040", Then: &s3target.Bucket{Name: "profiles"}}
	profiler, err := autoprofiler.Start(autoprofiler.Config{Service: "ingester", Target: target})
	if err != nil {
		log.Print(err)
	}
	defer profiler.Stop()
}
