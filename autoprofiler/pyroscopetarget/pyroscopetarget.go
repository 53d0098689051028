// Package pyroscopetarget pushes captures to Grafana Pyroscope too, which merges those of a fleet. The bucket stays what has all of
// them: Pyroscope takes profiles of the last hour alone, and no dumps, traces or meta.json.
package pyroscopetarget

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/internal/send"
	"github.com/pproflens/pproflens/autoprofiler/key"
)

// Server is an autoprofiler.Target that stores captures in another one, and pushes what Pyroscope can read:
//
//	autoprofiler.Config{Service: "ingester", Target: &pyroscopetarget.Server{
//		URL:  "http://pyroscope:4040",
//		Then: &s3target.Bucket{Name: "profiles"},
//	}}
//
// A profile is pushed once it is stored, and once: what Pyroscope does not take is logged and is in the bucket. Its labels are
// service_name, instance, version and trigger, beside those of its samples.
type Server struct {
	// URL is the address of Pyroscope, without a path.
	URL string
	// Then stores all files; required.
	Then autoprofiler.Target
	// Tenant is sent as X-Scope-OrgID. Default: none.
	Tenant string
	// Authorization is the header, such as "Bearer …". Default: none.
	Authorization string
	// Events makes the event's id a label: one capture can then be asked for, at the cost of a series for each.
	Events bool
	// Timeout of a push. Default: 10 s.
	Timeout time.Duration
	// Client sends the pushes. Default: http.DefaultClient.
	Client *http.Client
	// Logger is told what Pyroscope does not take. Default: slog.Default().
	Logger *slog.Logger
}

// names are those of Pyroscope for the profiles that it merges. allocs is not among them: it has the samples of heap.
var names = map[string]string{
	"heap.pb.gz":      "memory",
	"cpu.pb.gz":       "process_cpu",
	"goroutine.pb.gz": "goroutine",
	"mutex.pb.gz":     "mutex",
	"block.pb.gz":     "block",
}

// Check returns everything that is wrong with the fields. It does not use the network.
func (s *Server) Check() error {
	var errs []error
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		errs = append(errs, fmt.Errorf(`Server.URL is %q: expected an address without a path, such as "http://pyroscope:4040"`, s.URL))
	}
	switch then := s.Then.(type) {
	case nil:
		errs = append(errs, errors.New("Server.Then is nil: expected the target that stores captures, since Pyroscope does not keep all of them"))
	case interface{ Check() error }:
		errs = append(errs, then.Check())
	}
	return errors.Join(errs...)
}

// Put stores the file, and then pushes it where it is a profile that Pyroscope reads. Its error is that of storing.
func (s *Server) Put(ctx context.Context, name string, body io.ReadSeeker, size int64) error {
	if err := s.Then.Put(ctx, name, body, size); err != nil {
		return err
	}
	if err := s.push(ctx, name, body); err != nil {
		cmp.Or(s.Logger, slog.Default()).WarnContext(ctx, "pproflens: Pyroscope did not take a profile, which is stored", "key", name, "error", err)
	}
	return nil
}

func (s *Server) push(ctx context.Context, name string, body io.ReadSeeker) error {
	event, file, ok := key.Parse(name)
	if !ok || names[file] == "" {
		return nil
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return err
	}
	profile, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	request, err := json.Marshal(pushRequest{Series: []series{{
		Labels:  s.labels(event, file),
		Samples: []sample{{RawProfile: profile}},
	}}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Timeout, 10*time.Second))
	defer cancel()
	return s.post(ctx, request)
}

// The request of push.v1.PusherService/Push as JSON.
type (
	pushRequest struct {
		Series []series `json:"series"`
	}
	series struct {
		Labels  []label  `json:"labels"`
		Samples []sample `json:"samples"`
	}
	label struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	sample struct {
		RawProfile []byte `json:"rawProfile"`
	}
)

func (s *Server) labels(event key.Event, file string) []label {
	all := []label{
		{"__name__", names[file]},
		{"service_name", event.Service},
		{"instance", event.Instance},
		{"version", event.Version},
		{"trigger", event.Trigger},
	}
	if s.Events {
		all = append(all, label{"event", event.ID})
	}
	labels := all[:0]
	for _, one := range all {
		if one.Value != "" {
			labels = append(labels, one)
		}
	}
	return labels
}

func (s *Server) post(ctx context.Context, body []byte) error {
	address := strings.TrimRight(s.URL, "/") + "/push.v1.PusherService/Push"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if s.Tenant != "" {
		request.Header.Set("X-Scope-OrgID", s.Tenant)
	}
	if s.Authorization != "" {
		request.Header.Set("Authorization", s.Authorization)
	}
	return send.Do(s.Client, request, "set Server.URL to Pyroscope's own address")
}
