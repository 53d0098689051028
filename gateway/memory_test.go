package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// maxMemory is what the gateway may take up with 1,000 targets and 20 captures at once, in kB.
const maxMemory = 100 << 10

// heavyProcess answers with profiles as large as those of large services: 4 MB, sent over half a second.
func heavyProcess(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("debug") != "" {
		fmt.Fprint(w, "# runtime.MemStats\n# Sys = 1000\n")
		return
	}
	w.Write([]byte("\x1f\x8b"))
	piece := make([]byte, 256<<10)
	for range 16 {
		w.Write(piece)
		time.Sleep(30 * time.Millisecond)
	}
}

func TestMemory(t *testing.T) {
	if runtime.GOOS != "linux" || isRace {
		t.Skip("/proc says how much memory a process has had, without the race detector")
	}
	var addresses []string
	for i := range 1000 {
		addresses = append(addresses, fmt.Sprintf("10.0.%d.%d:6060", i/250, i%250+1))
	}
	for i := range 20 {
		addresses[i*40] = strings.TrimPrefix(startServer(t, heavyProcess), "http://")
	}
	groups, _ := json.Marshal([]map[string]any{{"targets": addresses, "labels": map[string]string{"service": "shop"}}})
	file := filepath.Join(t.TempDir(), "targets.json")
	os.WriteFile(file, groups, 0o600)
	p := startProcess(t, "-bucket", "file://"+filepath.ToSlash(t.TempDir())+"/profiles", "-targets-file", file, "-spool", t.TempDir())
	for i := range 20 {
		body := fmt.Sprintf(`{"service":"shop","instance":%q,"profiles":["heap","goroutine","allocs"]}`, addresses[i*40])
		response, err := http.Post("http://"+p.address+"/pproflens/captures", "application/json", strings.NewReader(body))
		if err != nil || response.StatusCode != http.StatusAccepted {
			t.Fatal(response, err)
		}
		response.Body.Close()
	}
	await(t, "all captures are stored", func() bool {
		_, body := get(t, p.address, "/pproflens/captures")
		get(t, p.address, "/pproflens/targets")
		return strings.Count(body, `"state":"stored","folder"`) == 20
	})
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	most, _ := strconv.Atoi(string(regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)[1]))
	t.Logf("at most %d kB", most)
	if most > maxMemory {
		t.Errorf("it took %d kB, at most %d are allowed", most, maxMemory)
	}
}
