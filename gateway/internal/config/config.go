// Package config reads the gateway's settings: of a YAML file, and of flags, which take precedence.
package config

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pproflens/pproflens/gateway/internal/bucket"
	"github.com/pproflens/pproflens/gateway/internal/capture"
	"github.com/pproflens/pproflens/gateway/internal/reread"
	"github.com/pproflens/pproflens/gateway/internal/targets"
)

// Config is all of the gateway's settings.
type Config struct {
	Listen string `yaml:"listen"`
	// Bucket is a URL of gocloud.dev/blob.
	Bucket string `yaml:"bucket"`
	Prefix string `yaml:"prefix"`
	// Name is the bucket's in the paths of the read side.
	Name string `yaml:"name"`
	// TokenFile has the bearer token that every request must have.
	TokenFile      string `yaml:"token_file"`
	TLS            TLS    `yaml:"tls"`
	AllowAnonymous bool   `yaml:"allow_anonymous"`
	// Hosts are names that the gateway is reached by beside loopback's, where it answers without a token on loopback.
	Hosts       []string `yaml:"hosts"`
	MaxRequests int      `yaml:"max_requests"`
	LogFormat   string   `yaml:"log_format"`
	LogLevel    string   `yaml:"log_level"`

	Targets  targets.Config `yaml:"targets"`
	Captures capture.Config `yaml:"captures"`

	// ShowVersion asks for the version alone.
	ShowVersion bool `yaml:"-"`
}

// TLS is how the gateway is reached.
type TLS struct {
	CertFile     string `yaml:"cert_file"`
	KeyFile      string `yaml:"key_file"`
	ClientCAFile string `yaml:"client_ca_file"` // whose clients alone are answered
}

// minToken is the shortest token, in bytes.
const minToken = 16

func defaults() Config {
	return Config{
		Listen: "127.0.0.1:9095", MaxRequests: 256, LogFormat: "text", LogLevel: "info",
		Targets: targets.Default(), Captures: capture.Default(),
	}
}

// list is a flag that may be given several times. The first takes the place of what the file has.
type list struct {
	to    *[]string
	isSet bool
}

func (l *list) String() string { return "" }

func (l *list) Set(text string) error {
	if !l.isSet {
		*l.to, l.isSet = nil, true
	}
	*l.to = append(*l.to, text)
	return nil
}

func flagsOf(c *Config, file *string, output io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("pproflens-gateway", flag.ContinueOnError)
	f.SetOutput(output)
	f.StringVar(file, "config", *file, "YAML `file` with all settings; flags take precedence")
	f.StringVar(&c.Listen, "listen", c.Listen, "`address` to listen on")
	f.StringVar(&c.Bucket, "bucket", c.Bucket, "`URL` of the bucket: s3://NAME?region=REGION, gs://NAME, azblob://CONTAINER, file://./FOLDER or mem://")
	f.StringVar(&c.Prefix, "prefix", c.Prefix, "`prefix` of the bucket beyond which nothing is read or written")
	f.StringVar(&c.Name, "name", c.Name, "`name` of the bucket in paths (default: that of its URL)")
	f.StringVar(&c.TokenFile, "token-file", c.TokenFile, "`file` with the bearer token that requests must have")
	f.StringVar(&c.TLS.CertFile, "tls-cert", c.TLS.CertFile, "`file` with the certificate to answer with")
	f.StringVar(&c.TLS.KeyFile, "tls-key", c.TLS.KeyFile, "`file` with its key")
	f.StringVar(&c.TLS.ClientCAFile, "tls-client-ca", c.TLS.ClientCAFile, "`file` with the authorities whose clients alone are answered")
	f.Var(&list{to: &c.Hosts}, "host", "`name` that requests may have as their host beside loopback's, where there is no token; may be repeated")
	f.BoolVar(&c.AllowAnonymous, "allow-anonymous", c.AllowAnonymous, "answer anyone though not on loopback")
	f.StringVar(&c.LogFormat, "log-format", c.LogFormat, "text or json")
	f.StringVar(&c.LogLevel, "log-level", c.LogLevel, "debug, info, warn or error")
	f.StringVar(&c.Captures.Spool, "spool", c.Captures.Spool, "`folder` in which captures wait for the bucket (default: one of the user's cache)")
	f.Var(&list{to: &c.Targets.URLs}, "target", "`URL` of a process with net/http/pprof, or NAME=URL; may be repeated")
	f.Var(&list{to: &c.Targets.Files}, "targets-file", "`pattern` of Prometheus file_sd files; may be repeated")
	f.StringVar(&c.Targets.Prometheus.URL, "targets-prometheus", c.Targets.Prometheus.URL, "`URL` of a Prometheus whose active targets are captured")
	f.IntVar(&c.Targets.Rule.Port, "targets-port", c.Targets.Rule.Port, "`port` of pprof, where it is not that of the target")
	f.DurationVar(&c.Captures.Schedule.Every, "every", c.Captures.Schedule.Every, "capture all targets at this `interval` (0: never)")
	f.BoolVar(&c.ShowVersion, "version", c.ShowVersion, "say the version and end")
	return f
}

// Parse reads flags and the file that they name. Its error has all problems, a line each; flag.ErrHelp is that of -help.
func Parse(arguments []string, output io.Writer) (Config, error) {
	c, file := defaults(), ""
	var unread error // Fields of the file that are unknown or of another type; all others are read.
	flags := flagsOf(&c, &file, output)
	if err := flags.Parse(arguments); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("expected flags alone, got %q", flags.Arg(0))
	}
	if file != "" {
		c = defaults()
		if unread = c.read(file); unread != nil && !errors.As(unread, new(*yaml.TypeError)) {
			return c, unread
		}
		if err := flagsOf(&c, &file, output).Parse(arguments); err != nil {
			return c, err
		}
	}
	if c.ShowVersion {
		return c, nil
	}
	return c, errors.Join(unread, c.complete())
}

func (c *Config) read(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(c); err != nil && err != io.EOF {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// complete fills in what follows from other settings, and returns all that is wrong.
func (c *Config) complete() error {
	var problems []string
	add := func(format string, values ...any) { problems = append(problems, fmt.Sprintf(format, values...)) }
	for _, problem := range bucket.Problems(c.Bucket) {
		add("bucket: %s", problem)
	}
	if c.Name == "" {
		c.Name = bucket.NameOf(c.Bucket)
	}
	if c.Name == "" && strings.HasPrefix(c.Bucket, "mem:") {
		c.Name = "profiles"
	}
	switch {
	case c.Name == "pproflens" || c.Name == "metrics" || c.Name == "healthz":
		add("name: %q is a path of the gateway's own; choose another by -name", c.Name)
	case strings.ContainsAny(c.Name, "/?#%\\") || c.Name == "." || c.Name == "..":
		add("name: expected a name of letters, digits, '.' and '-', got %q", c.Name)
	}
	c.Prefix = strings.TrimPrefix(c.Prefix, "/")
	if c.Prefix != "" && !strings.HasSuffix(c.Prefix, "/") {
		c.Prefix += "/"
	}
	if strings.Contains("/"+c.Prefix, "/../") || strings.Contains("/"+c.Prefix, "/./") || len(c.Prefix) > 256 {
		add("prefix: expected at most 256 bytes without folders . and .., got %q", c.Prefix)
	}
	if c.MaxRequests < 1 {
		add("max_requests: expected at least 1, got %d", c.MaxRequests)
	}
	if err := new(slog.Level).UnmarshalText([]byte(c.LogLevel)); err != nil {
		add("log_level: expected debug, info, warn or error, got %q", c.LogLevel)
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		add("log_format: expected text or json, got %q", c.LogFormat)
	}
	if c.Captures.Spool == "" {
		c.Captures.Spool = capture.DefaultSpool(c.Name, c.Bucket, c.Prefix)
	}
	if folder := bucket.FolderOf(c.Bucket); folder != "" && c.Targets.IsSet() && (isWithin(c.Captures.Spool, folder) || isWithin(folder, c.Captures.Spool)) {
		add("captures.spool: expected a folder apart from the bucket's, got %s and %s: what waits would be listed as if it were stored", c.Captures.Spool, folder)
	}
	for _, name := range c.Hosts {
		if name == "" || strings.ContainsAny(name, "/: ") {
			add("hosts: expected names without a port such as gateway.internal, got %q", name)
		}
	}
	problems = append(problems, c.access()...)
	problems = append(problems, c.Targets.Problems()...)
	problems = append(problems, c.Captures.Problems()...)
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n"))
	}
	return nil
}

// isWithin reports whether a folder is another one or lies in it. Either may not be there yet.
func isWithin(inner, outer string) bool {
	relative, err := filepath.Rel(realPath(outer), realPath(inner))
	return err == nil && filepath.IsLocal(relative)
}

// realPath is a path without links, as far as it is there.
func realPath(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		if found, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(found, rest)
		}
		if at == filepath.Dir(at) {
			return path
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

// access is what is wrong with who may ask.
func (c *Config) access() []string {
	var problems []string
	add := func(format string, values ...any) { problems = append(problems, fmt.Sprintf(format, values...)) }
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		add("listen: expected HOST:PORT such as 127.0.0.1:9095, got %q", c.Listen)
	}
	if c.TokenFile != "" {
		if _, err := ReadToken(c.TokenFile); err != nil {
			add("token_file: %v", err)
		}
	}
	areThere := true
	for name, path := range map[string]string{"cert_file": c.TLS.CertFile, "key_file": c.TLS.KeyFile, "client_ca_file": c.TLS.ClientCAFile} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			add("tls.%s: %v", name, err)
			areThere = false
		}
	}
	if areThere && c.TLS.KeyFile != "" {
		if _, err := reread.Pair(c.TLS.CertFile, c.TLS.KeyFile); err != nil {
			add("tls: cert_file and key_file: %v", err)
		}
	}
	if areThere {
		if _, err := reread.Pool(c.TLS.ClientCAFile); err != nil {
			add("tls.client_ca_file: %v", err)
		}
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") || c.TLS.ClientCAFile != "" && c.TLS.CertFile == "" {
		add("tls: expected cert_file and key_file both, and both with client_ca_file")
	}
	if !IsLoopback(host) && c.TokenFile == "" && c.TLS.ClientCAFile == "" && !c.AllowAnonymous {
		add("listen: %q is reached from other machines, which then read the bucket and capture: set token_file or tls.client_ca_file, "+
			"or allow_anonymous where the network itself keeps others away", c.Listen)
	}
	return problems
}

// IsLoopback reports whether a host is this machine's own, whatever the DNS says.
func IsLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")).IsLoopback()
}

// WantsHost reports whether requests are to have a known host: where neither a token nor a certificate is asked for, a page of any site
// could read the gateway under a name of its own that leads to this machine.
func (c *Config) WantsHost() bool {
	host, _, _ := net.SplitHostPort(c.Listen)
	return IsLoopback(host) && c.TokenFile == "" && c.TLS.ClientCAFile == ""
}

// ReadToken is the token of a file; "" for an empty path.
func ReadToken(path string) (string, error) {
	token, err := reread.Text(path)
	if err == nil && path != "" && len(token) < minToken {
		err = fmt.Errorf("expected a token of at least %d bytes in %s, got %d", minToken, path, len(token))
	}
	return token, err
}
