package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pproflens/pproflens/gateway/internal/config"
)

// asGateway in the environment makes the test's binary the gateway.
const asGateway = "GATEWAY_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asGateway) == "" {
		os.Exit(m.Run())
	}
	main()
}

// process is a running gateway.
type process struct {
	command *exec.Cmd
	address string
}

// startProcess starts the gateway on a free port and waits until it is ready.
func startProcess(t *testing.T, arguments ...string) process {
	t.Helper()
	command := exec.Command(os.Args[0], append([]string{"-listen", "127.0.0.1:0", "-log-format", "json"}, arguments...)...)
	command.Env = append([]string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}, append(os.Environ(), asGateway+"=1", "AWS_EC2_METADATA_DISABLED=true")...)
	output, err := command.StderrPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	lines := bufio.NewScanner(output)
	var all strings.Builder
	for lines.Scan() {
		all.WriteString(lines.Text() + "\n")
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line); line.Msg == "gateway: ready" {
			go io.Copy(io.Discard, output)
			return process{command, line.Address}
		}
	}
	t.Fatalf("the gateway is not ready:\n%s", all.String())
	return process{}
}

func get(t *testing.T, address, path string, header ...string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

// s3Server keeps objects whose PUT it lets through.
type s3Server struct {
	mu      sync.Mutex
	objects map[string]int
	hang    bool
	arrived chan string
}

func (s *s3Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	hang := s.hang
	s.mu.Unlock()
	if hang {
		select {
		case s.arrived <- r.URL.Path:
		default:
		}
		<-r.Context().Done()
		return
	}
	if r.Method == http.MethodPut && err == nil {
		s.mu.Lock()
		s.objects[r.URL.Path] = len(body)
		s.mu.Unlock()
	}
}

func (s *s3Server) names() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.objects {
		names = append(names, filepath.Base(name))
	}
	return strings.Join(names, " ")
}

func pprofServer(t *testing.T) string { return startServer(t, pprof.Index) }

// startServer answers /debug/pprof/.
func startServer(t *testing.T, pprofs http.HandlerFunc) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprofs)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// A gateway that is killed while the bucket takes a file says nothing is stored before, and the next one uploads it.
func TestKilledInTheMiddleOfAnUpload(t *testing.T) {
	s := &s3Server{objects: map[string]int{}, hang: true, arrived: make(chan string, 1)}
	server := httptest.NewServer(s)
	defer func() { server.CloseClientConnections(); server.Close() }()
	arguments := []string{
		"-bucket", "s3://profiles?region=us-east-1&use_path_style=true&request_checksum_calculation=when_required&endpoint=" + server.URL,
		"-target", "shop=" + pprofServer(t), "-spool", t.TempDir(),
	}
	first := startProcess(t, arguments...)
	response, err := http.Post("http://"+first.address+"/pproflens/captures", "application/json",
		strings.NewReader(`{"service":"shop","profiles":["heap","goroutine"]}`))
	if err != nil {
		t.Fatal(err)
	}
	var begun struct{ Events []struct{ ID string } }
	json.NewDecoder(response.Body).Decode(&begun)
	response.Body.Close()
	select {
	case <-s.arrived:
	case <-time.After(20 * time.Second):
		t.Fatal("no upload in 20 s")
	}
	await(t, "all is in the spool", func() bool {
		_, body := get(t, first.address, "/pproflens/captures?id="+begun.Events[0].ID)
		return strings.Contains(body, `"state":"uploading"`) && !strings.Contains(body, `"state":"stored"`)
	})
	first.command.Process.Kill()
	first.command.Wait()
	s.mu.Lock()
	s.hang = false
	s.mu.Unlock()
	startProcess(t, arguments...)
	await(t, "the next one has uploaded all", func() bool {
		names := s.names()
		return strings.Contains(names, "heap.pb.gz") && strings.Contains(names, "goroutine.pb.gz") && strings.Contains(names, "meta.json")
	})
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after 20 s it is not so that %s", what)
		}
	}
}

func TestAStopLetsCapturesEnd(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "profiles")
	p := startProcess(t, "-bucket", "file://"+filepath.ToSlash(folder), "-target", "shop="+pprofServer(t), "-spool", t.TempDir())
	response, err := http.Post("http://"+p.address+"/pproflens/captures", "application/json",
		strings.NewReader(`{"service":"shop","profiles":["heap"]}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	await(t, "a capture is in the folder", func() bool {
		found, _ := filepath.Glob(filepath.Join(folder, "shop/*/*/*/*/*/meta.json"))
		return len(found) == 1
	})
	p.command.Process.Signal(os.Interrupt)
	if err := p.command.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

func TestPathsOfItsOwn(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	os.WriteFile(token, []byte("0123456789abcdef\n"), 0o600)
	p := startProcess(t, "-bucket", "mem://", "-token-file", token, "-target", "shop="+pprofServer(t), "-spool", t.TempDir())
	for _, header := range []string{"", "Bearer x", "Basic 0123456789abcdef", "bearer 0123456789abcdef"} {
		for _, path := range []string{"/profiles?list-type=2", "/metrics", "/pproflens/info", "/pproflens/targets"} {
			if status, _ := get(t, p.address, path, "Authorization", header); status != 403 {
				t.Errorf("%s with %q: got %d", path, header, status)
			}
		}
	}
	// The bucket's own Authorization goes with Grafana's requests to the gateway too.
	if status, _ := get(t, p.address, "/pproflens/info", "X-Pproflens-Token", "0123456789abcdef", "Authorization", "Bearer of-a-bucket"); status != 200 {
		t.Errorf("X-Pproflens-Token: got %d", status)
	}
	if status, _ := get(t, p.address, "/pproflens/info", "Authorization", "0123456789abcdef"); status != 403 {
		t.Errorf("a token that is no Bearer's: got %d", status)
	}
	if status, _ := get(t, p.address, "/healthz"); status != 200 {
		t.Errorf("/healthz: got %d", status)
	}
	for path, want := range map[string]string{
		"/profiles?list-type=2":      "200 <?xml",
		"/pproflens/info":            `200 {"bucket":"profiles","captures":true,"targets":1,"version":"`,
		"/metrics":                   "200 # HELP go_gc",
		"/pproflens/captures/x":      "404",
		"/pproflens/captures/":       "404",
		"/pproflens/captures%2f":     "404",
		"/pproflens":                 "404",
		"/pproflens/alerts":          "405",
		"/pproflens/captures?id=bad": "404",
		"//pproflens/info":           "404",
	} {
		status, body := get(t, p.address, path, "Authorization", "Bearer 0123456789abcdef")
		if got := fmt.Sprint(status, " ", body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %.120s, want %s", path, got, want)
		}
	}
	// What a Grafana route for captures could be given: its proxy leaves dots as they are.
	for _, path := range []string{"/pproflens/captures/../alerts", "/pproflens/captures/%2e%2e/alerts", "/pproflens/captures/..%2falerts", "/pproflens/captures/../../profiles"} {
		connection, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer 0123456789abcdef\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", path)
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil || response.StatusCode != 404 {
			t.Errorf("%s: got %v, %v", path, response, err)
		}
		connection.Close()
	}
	request, _ := http.NewRequest(http.MethodPost, "http://"+p.address+"/pproflens/captures", strings.NewReader(`{"service":"shop","profiles":["heap"]}`))
	request.Header = http.Header{
		"Authorization": {"Bearer 0123456789abcdef"}, "Content-Type": {"application/json"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"http://evil.example"},
	}
	if response, err := http.DefaultClient.Do(request); err != nil || response.StatusCode != 403 || response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("from another site: got %v, %v", response, err)
	}
}

// A page's name may lead to this machine: its requests then have that name as their host.
func TestOthersNamesAreNotAnswered(t *testing.T) {
	ask := func(p process, host string) int {
		request, _ := http.NewRequest(http.MethodGet, "http://"+p.address+"/profiles?list-type=2", nil)
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	open := startProcess(t, "-bucket", "mem://", "-host", "gateway.internal")
	for host, want := range map[string]int{
		"evil.example": 403, "evil.example:9095": 403, "localhost.evil.example": 403, "127.0.0.1.evil.example": 403, "10.0.0.1": 403, "[fe80::1]:80": 403,
		"localhost": 200, "LOCALHOST:9095": 200, "localhost.": 200, "127.0.0.1": 200, "127.9.9.9:1": 200, "[::1]": 200, "[::1]:9095": 200, "gateway.internal:80": 200,
	} {
		if got := ask(open, host); got != want {
			t.Errorf("%s: got %d, want %d", host, got, want)
		}
	}
	// Where a token is asked for, a page has none, and proxies have names of theirs.
	token := filepath.Join(t.TempDir(), "token")
	os.WriteFile(token, []byte("0123456789abcdef"), 0o600)
	request, _ := http.NewRequest(http.MethodGet, "http://"+startProcess(t, "-bucket", "mem://", "-token-file", token).address+"/pproflens/info", nil)
	request.Host = "gateway.example"
	request.Header.Set("Authorization", "Bearer 0123456789abcdef")
	if response, err := http.DefaultClient.Do(request); err != nil || response.StatusCode != 200 {
		t.Errorf("with a token: got %v, %v", response, err)
	}
}

func TestASpoolIsOfOneGateway(t *testing.T) {
	arguments := []string{"-bucket", "mem://", "-target", "http://127.0.0.1:1", "-spool", t.TempDir()}
	first := startProcess(t, arguments...)
	var said bytes.Buffer
	code := run(t.Context(), append([]string{"-listen", "127.0.0.1:0"}, arguments...), io.Discard, &said)
	if want := fmt.Sprintf("in use by another gateway (process %d)", first.command.Process.Pid); code != 1 || !strings.Contains(said.String(), want) {
		t.Errorf("a second one ends with %d, %s", code, said.String())
	}
	first.command.Process.Kill()
	first.command.Wait()
	startProcess(t, arguments...)
}

func TestWithoutTargetsNothingIsCaptured(t *testing.T) {
	p := startProcess(t, "-bucket", "mem://")
	for _, path := range []string{"/pproflens/targets", "/pproflens/captures"} {
		if status, body := get(t, p.address, path); status != 404 || !strings.Contains(body, "without targets") {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
	if _, body := get(t, p.address, "/pproflens/info"); !strings.Contains(body, `"captures":false`) {
		t.Errorf("got %s", body)
	}
}

func TestAllProblemsAreSaidAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	os.WriteFile(file, []byte("listen: 0.0.0.0:9095\nbucket: profiles\nprefix: a/../b\ntargets: {refresh: 1ms, urls: [localhost]}\ncaptures: {max_seconds: 100}\n"), 0o600)
	var said bytes.Buffer
	code := run(context.Background(), []string{"-config", file, "-tls-cert", "/nowhere", "-token-file", "/nowhere/token"}, io.Discard, &said)
	if code != 2 {
		t.Errorf("it ends with %d", code)
	}
	for _, want := range []string{"begins with s3://", "prefix:", "tls.cert_file", "tls: expected cert_file and key_file", "token_file:", `targets: expected a target`, "refresh", "max_seconds"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is not among\n%s", want, said.String())
		}
	}
	for text, want := range map[string]string{"bucket: mem://\nlisten: ':9095'": "reached from other machines", "bukket: x": "field bukket not found", "bukket: x\nlog_level: loud": "log_level: expected",
		"bucket: mem://\ntls: {cert_file: main_test.go, key_file: main_test.go, client_ca_file: main_test.go}": "cert_file and key_file: tls: failed to find any PEM data in certificate input\n  tls.client_ca_file: expected certificates", "bucket: mem://\nname: metrics": "path of the gateway's own",
		"bucket: mem://\nlog_level: loud\nlog_format: x":                                             "log_level: expected debug, info, warn or error, got \"loud\"\n  log_format",
		"bucket: file:///tmp/p\ncaptures: {spool: /tmp/p/spool}\ntargets: {urls: ['http://h:1']}":    "a folder apart from the bucket's",
		"bucket: file://./p\ncaptures: {spool: p}\ntargets: {urls: ['http://h:1']}":                  "a folder apart from the bucket's",
		"bucket: file:///tmp/s/p\ncaptures: {spool: /tmp/../tmp/s}\ntargets: {urls: ['http://h:1']}": "a folder apart from the bucket's",
		"bucket: mem://\nhosts: ['a:80']":                                                            "names without a port"} {
		said.Reset()
		os.WriteFile(file, []byte(text), 0o600)
		if code := run(context.Background(), []string{"-config", file}, io.Discard, &said); code != 2 || !strings.Contains(said.String(), want) {
			t.Errorf("%q: ends with %d, %s", text, code, said.String())
		}
	}
}

// What compose and Kubernetes start the gateway with is a configuration that it takes.
func TestDeploymentsAreConfigurations(t *testing.T) {
	token := filepath.Join("..", "docker", "alertmanager", "gateway-token")
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	// The image's own flags come first.
	_, list, _ := strings.Cut(read("Dockerfile"), "ENTRYPOINT ")
	var image []string
	if err := json.Unmarshal([]byte(list), &image); err != nil {
		t.Fatal(err)
	}
	check := func(what string, more ...string) {
		t.Helper()
		arguments := append(append(image[1:len(image):len(image)], more...), "-token-file", token)
		if _, err := config.Parse(arguments, io.Discard); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	var compose struct {
		Services map[string]struct{ Command []string }
	}
	text := regexp.MustCompile(`\$\{[A-Z_]+:-([^}]*)\}`).ReplaceAllString(read("../docker-compose.yaml"), "$1")
	text = strings.ReplaceAll(text, "/etc/pproflens/gateway.yml", "../docker/gateway.yml")
	if err := yaml.Unmarshal([]byte(text), &compose); err != nil {
		t.Fatal(err)
	}
	check("compose", compose.Services["gateway"].Command...)
	manifests := yaml.NewDecoder(strings.NewReader(read("deploy/kubernetes.yaml")))
	found := false
	for {
		var manifest struct {
			Kind string
			Data map[string]string
		}
		if manifests.Decode(&manifest) != nil {
			break
		}
		if manifest.Kind == "ConfigMap" {
			found = true
			file := filepath.Join(t.TempDir(), "gateway.yaml")
			os.WriteFile(file, []byte(manifest.Data["gateway.yaml"]), 0o600)
			check("Kubernetes", "-config", file)
		}
	}
	if !found {
		t.Error("Kubernetes has no ConfigMap")
	}
}

// certificate writes one for a name, by an authority or by itself.
func certificate(t *testing.T, dir, name string, authority *tls.Certificate) (certFile, keyFile string, pair tls.Certificate) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: authority == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, any(secret)
	if authority != nil {
		parent, signer = authority.Leaf, authority.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &secret.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, _ := x509.MarshalECPrivateKey(secret)
	certFile, keyFile = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600)
	pair, err = tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile, pair
}

func TestClientsNeedACertificate(t *testing.T) {
	dir := t.TempDir()
	ca, _, authority := certificate(t, dir, "ca", nil)
	certFile, keyFile, _ := certificate(t, dir, "gateway", &authority)
	_, _, client := certificate(t, dir, "client", &authority)
	_, _, stranger := certificate(t, dir, "stranger", nil)
	p := startProcess(t, "-bucket", "mem://", "-tls-cert", certFile, "-tls-key", keyFile, "-tls-client-ca", ca)
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	ask := func(certificates ...tls.Certificate) (int, error) {
		c := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certificates}}}
		response, err := c.Get("https://" + p.address + "/profiles?list-type=2")
		if err != nil {
			return 0, err
		}
		response.Body.Close()
		return response.StatusCode, nil
	}
	if status, err := ask(client); status != 200 {
		t.Errorf("with one: got %d, %v", status, err)
	}
	if status, err := ask(); err == nil {
		t.Errorf("without one: got %d", status)
	}
	if status, err := ask(stranger); err == nil {
		t.Errorf("with a stranger's: got %d", status)
	}
}
