//go:build linux

package autoprofiler_test

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/pprof/profile"

	"github.com/pproflens/pproflens/autoprofiler"
	"github.com/pproflens/pproflens/autoprofiler/internal/victim"
	"github.com/pproflens/pproflens/autoprofiler/s3target"
)

// What this module is for, with nothing faked: a process leaks until it runs out of memory, with the default config. The
// last capture is in the bucket before it dies.
func TestTheLastCaptureIsInTheBucketBeforeTheProcessDies(t *testing.T) {
	for name, limited := range limits {
		t.Run(name+", HTTP", func(t *testing.T) {
			server := newServer(t, http.StatusOK)
			v := &doomed{env: []string{"AUTOPROFILER_OOM_URL=" + server.URL}}
			limited(t, v)
			v.runOutOfMemory(t)
			checkLastCapture(t, server.objects())
		})
		t.Run(name+", S3", func(t *testing.T) {
			bucket := s3Bucket(t)
			v := &doomed{env: []string{"AUTOPROFILER_OOM_PREFIX=" + bucket.Prefix}}
			limited(t, v)
			v.runOutOfMemory(t)
			checkLastCapture(t, s3Objects(t, bucket))
		})
	}
}

// limits are the ways in which a process can run out of memory here.
var limits = map[string]func(*testing.T, *doomed){"cgroup": inCgroup, "address space": inAddressSpace}

// With the bucket away the captures survive in the spool, and the next process uploads them.
func TestTheNextProcessUploadsTheLastCaptureOfAKilledOne(t *testing.T) {
	for name, limited := range limits {
		t.Run(name, func(t *testing.T) {
			server := newServer(t, http.StatusServiceUnavailable)
			spool := t.TempDir()
			v := &doomed{env: []string{"AUTOPROFILER_OOM_URL=" + server.URL, "AUTOPROFILER_OOM_SPOOL=" + spool}}
			limited(t, v)
			v.runOutOfMemory(t)
			if n := len(server.objects()); n > 0 {
				t.Fatalf("%d objects are in a bucket that was away", n)
			}
			bucket := t.TempDir()
			next, err := autoprofiler.Start(autoprofiler.Config{
				Service:     "victim",
				Target:      autoprofiler.Folder(bucket),
				SpoolDir:    spool,
				Logger:      slog.New(slog.DiscardHandler),
				StopTimeout: time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			next.Stop()
			checkLastCapture(t, folderObjects(t, bucket))
		})
	}
}

func folderObjects(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	objects := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			objects[name], err = os.ReadFile(filepath.Join(dir, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// TestVictim is the process that dies. It runs only when a victim starts it.
func TestVictim(t *testing.T) {
	if os.Getenv("AUTOPROFILER_OOM_VICTIM") == "" {
		t.Skip("runs in a process of its own")
	}
	limit := enterLimit(t)
	var target autoprofiler.Target = &autoprofiler.HTTP{URL: os.Getenv("AUTOPROFILER_OOM_URL")}
	if prefix := os.Getenv("AUTOPROFILER_OOM_PREFIX"); prefix != "" {
		target = &s3target.Bucket{Name: os.Getenv("AUTOPROFILER_S3_BUCKET"), Endpoint: os.Getenv("AUTOPROFILER_S3_ENDPOINT"), Prefix: prefix}
	}
	_, err := autoprofiler.Start(autoprofiler.Config{
		Service:  "victim",
		Target:   target,
		Limit:    limit,
		SpoolDir: os.Getenv("AUTOPROFILER_OOM_SPOOL"),
	})
	if err != nil {
		t.Fatal(err)
	}
	rate := 100 << 20
	if raceEnabled {
		rate /= 2 // the race detector takes as much again
	}
	victim.Leak(rate)
}

const limitBytes = 256 << 20

// enterLimit puts this process under the limit the test wants, and returns what Config.Limit has to be.
func enterLimit(t *testing.T) uint64 {
	if cgroup := os.Getenv("AUTOPROFILER_OOM_CGROUP"); cgroup != "" {
		if err := victim.EnterCgroup(cgroup); err != nil {
			t.Fatal(err)
		}
		return 0 // the profiler is to find it
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseUint(strings.Fields(string(statm))[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	// The heap grows by arenas of 64 MiB of address space; what comes with them, and threads, take some more.
	size := pages*uint64(os.Getpagesize()) + limitBytes + 48<<20
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: size, Max: size}); err != nil {
		t.Fatal(err)
	}
	return limitBytes
}

// doomed is how the process that dies is started, and how its death is known.
type doomed struct {
	env  []string
	died func(t *testing.T, state *os.ProcessState, output string)
}

func (v *doomed) runOutOfMemory(t *testing.T) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$", "-test.timeout=60s")
	// One malloc arena: glibc reserves 64 MiB of address space for each.
	command.Env = append(os.Environ(), append(v.env, "AUTOPROFILER_OOM_VICTIM=1", "MALLOC_ARENA_MAX=1", "GOMEMLIMIT=off")...)
	output, err := command.CombinedOutput()
	if err == nil {
		t.Fatalf("the process lives\n%s", output)
	}
	v.died(t, command.ProcessState, string(output))
	if t.Failed() {
		t.Fatalf("%v\n%.4000s", err, output)
	}
}

// inCgroup limits the victim by a memory cgroup of its own, which the kernel enforces with SIGKILL.
func inCgroup(t *testing.T, p *doomed) {
	t.Helper()
	cgroup, err := victim.NewCgroup(limitBytes)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := cgroup.Remove(); err != nil {
			t.Error(err)
		}
	})
	p.env = append(p.env, "AUTOPROFILER_OOM_CGROUP="+cgroup.Dir)
	p.died = func(t *testing.T, state *os.ProcessState, _ string) {
		if status := state.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGKILL {
			t.Errorf("the process ended with %v, want SIGKILL", state)
		}
		if kills, err := cgroup.Kills(); err != nil || kills != 1 {
			t.Errorf("the kernel counts %d kills for memory, %v; want one", kills, err)
		}
	}
}

// inAddressSpace limits the victim by RLIMIT_AS, which needs no rights: Go itself then finds that there is no memory.
func inAddressSpace(t *testing.T, v *doomed) {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector takes terabytes of address space")
	}
	v.died = func(t *testing.T, state *os.ProcessState, output string) {
		if state.ExitCode() != 2 || !strings.Contains(output, "out of memory") && !strings.Contains(output, "cannot allocate memory") {
			t.Errorf("the process ended with %v, want a fatal error for memory", state)
		}
	}
}

// checkLastCapture expects at least one capture at 90 % or more, the last of them whole, whose heap profile says who took
// the memory.
func checkLastCapture(t *testing.T, objects map[string][]byte) {
	t.Helper()
	keys := make([]string, 0, len(objects))
	for key := range objects {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var last *autoprofiler.Meta
	var folder string
	for _, key := range keys {
		if path.Base(key) != "meta.json" {
			continue
		}
		var meta autoprofiler.Meta
		if err := json.Unmarshal(objects[key], &meta); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		share := float64(meta.Value) / float64(meta.Limit)
		missing := 0
		for _, file := range meta.Files {
			if _, ok := objects[path.Join(path.Dir(key), file)]; !ok {
				missing++
			}
		}
		t.Logf("%s at %.1f %% of %d MiB (%s), %d of %d files missing", meta.Trigger, 100*share, meta.Limit>>20, meta.LimitSource, missing, len(meta.Files))
		if share >= 0.90 && missing == 0 {
			last, folder = &meta, path.Dir(key)
		}
	}
	if last == nil {
		t.Fatalf("no whole capture at 90 %% or more among\n%s", strings.Join(keys, "\n"))
	}
	if !slices.Contains(last.Files, "heap.pb.gz") || !slices.Contains(last.Files, "goroutine.pb.gz") {
		t.Errorf("the last capture has only %v", last.Files)
	}
	for _, file := range last.Files {
		if !strings.HasSuffix(file, ".pb.gz") {
			continue
		}
		decoded, err := profile.ParseData(objects[path.Join(folder, file)])
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if file == "heap.pb.gz" {
			taken, all := inuse(decoded, "victim.take"), inuse(decoded, "")
			t.Logf("by the last heap profile victim.take has taken %d of %d MiB", taken>>20, all>>20)
			if taken < all/2 {
				t.Error("the heap profile does not say who took the memory")
			}
		}
	}
}

// inuse is inuse_space of the functions whose name ends so.
func inuse(p *profile.Profile, end string) int64 {
	index := slices.IndexFunc(p.SampleType, func(v *profile.ValueType) bool { return v.Type == "inuse_space" })
	sum := int64(0)
	for _, sample := range p.Sample {
		if lines := sample.Location[0].Line; strings.HasSuffix(lines[len(lines)-1].Function.Name, end) {
			sum += sample.Value[index]
		}
	}
	return sum
}

// server takes objects by PUT, or answers with a status.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	kept map[string][]byte
}

func newServer(t *testing.T, status int) *server {
	s := &server{kept: map[string][]byte{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil || status != http.StatusOK {
			w.WriteHeader(status) // an upload cut short is not kept
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.kept[strings.TrimPrefix(r.URL.Path, "/")] = content
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) objects() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}

// s3Bucket is a bucket of a real server, with a prefix for this test.
func s3Bucket(t *testing.T) *s3target.Bucket {
	t.Helper()
	bucket := &s3target.Bucket{Name: os.Getenv("AUTOPROFILER_S3_BUCKET"), Endpoint: os.Getenv("AUTOPROFILER_S3_ENDPOINT")}
	if bucket.Name == "" || bucket.Endpoint == "" {
		t.Skip("no S3 server: AUTOPROFILER_S3_ENDPOINT, AUTOPROFILER_S3_BUCKET and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY name one")
	}
	bucket.Prefix = "autoprofiler-oom/" + time.Now().UTC().Format("150405.000000")
	return bucket
}

func s3Objects(t *testing.T, bucket *s3target.Bucket) map[string][]byte {
	t.Helper()
	loaded, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.BaseEndpoint, o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = &bucket.Endpoint, true, true
	})
	list, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket.Name, Prefix: &bucket.Prefix})
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string][]byte{}
	for _, entry := range list.Contents {
		object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket.Name, Key: entry.Key})
		if err != nil {
			t.Fatal(err)
		}
		var content bytes.Buffer
		if _, err := io.Copy(&content, object.Body); err != nil {
			t.Fatal(err)
		}
		object.Body.Close()
		objects[*entry.Key] = content.Bytes()
	}
	return objects
}
