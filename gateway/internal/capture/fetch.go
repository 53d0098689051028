package capture

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/pproflens/pproflens/gateway/internal/reread"
	"github.com/pproflens/pproflens/gateway/internal/targets"
)

// readTime is how long a process may take for a profile, beside the seconds that it is asked for.
const readTime = 60 * time.Second

// fetcher asks processes for their profiles.
type fetcher struct {
	client   *reread.Value[*http.Client]
	auth     targets.BasicAuth
	password *reread.Value[string]
	maxBytes int64
}

func newFetcher(rule targets.Rule, maxBytes int64, logger *slog.Logger) (*fetcher, error) {
	f := &fetcher{auth: rule.BasicAuth, maxBytes: maxBytes}
	var err error
	if f.password, err = reread.New(func() (string, error) { return reread.Text(rule.BasicAuth.PasswordFile) }, logger, rule.BasicAuth.PasswordFile); err != nil {
		return nil, err
	}
	files := rule.TLS
	f.client, err = reread.New(func() (*http.Client, error) { return clientOf(files) }, logger, files.CAFile, files.CertFile, files.KeyFile)
	return f, err
}

func clientOf(files targets.TLS) (*http.Client, error) {
	config := &tls.Config{ServerName: files.ServerName, MinVersion: tls.VersionTLS12}
	var err error
	if config.RootCAs, err = reread.Pool(files.CAFile); err != nil {
		return nil, err
	}
	if config.Certificates, err = reread.Pair(files.CertFile, files.KeyFile); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: refuseLinkLocal}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: config,
			DisableCompression:  true, // A profile is stored as it came.
			IdleConnTimeout:     30 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second,
		},
		// A process could lead elsewhere, with the credentials that it is sent.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// metadata are addresses of the same kind that are not link-local.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("fd00:ec2::/32"),       // AWS over IPv6
	netip.MustParsePrefix("168.63.129.16/32"),    // Azure
	netip.MustParsePrefix("100.100.100.200/32"),  // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),      // Oracle
	netip.MustParsePrefix("64:ff9b::a9fe:0/112"), // 169.254.0.0/16 behind NAT64
}

// refuseLinkLocal keeps requests from where clouds answer with the machine's credentials, whatever name a label has for it.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if slices.ContainsFunc(metadata, func(p netip.Prefix) bool { return p.Contains(ip.WithZone("")) }) || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return fmt.Errorf("%s is no address of a target: link-local, multicast and unspecified ones are refused", ip)
	}
	return nil
}

// get asks a process for a path below pprof's index. The body must be closed.
func (f *fetcher) get(ctx context.Context, t targets.Target, path string, query string) (io.ReadCloser, error) {
	u := *t.URL
	u.Path += "/" + path
	u.RawQuery = query
	u.User = nil
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if t.URL.User != nil {
		password, _ := t.URL.User.Password()
		request.SetBasicAuth(t.URL.User.Username(), password)
	} else if f.auth.Username != "" {
		request.SetBasicAuth(f.auth.Username, f.password.Get())
	}
	response, err := f.client.Get().Do(request)
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" && ctx.Err() != context.Canceled {
		return nil, &unreachable{reasonOf(err)}
	}
	if err != nil {
		return nil, reasonOf(err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 300))
	return nil, statusError(response.StatusCode, plain(string(said)))
}

// unreachable is why no connection to a process was made.
type unreachable struct{ error }

func unreachableOf(err error) error {
	var u *unreachable
	if errors.As(err, &u) {
		return u
	}
	return nil
}

// statusError says what the process has refused.
func statusError(status int, said string) error {
	switch {
	case status/100 == 3:
		return fmt.Errorf("the process answered %d, a redirect, which is not followed: set the address of pprof itself", status)
	case strings.Contains(said, "already in use") || strings.Contains(said, "already enabled"):
		return fmt.Errorf("already in use: the process makes such a profile for someone else; try again later (%s)", said)
	case status == http.StatusNotFound:
		return fmt.Errorf("the process has no such profile (404): its Go may be too old for it, or pprof is at another path (%s)", said)
	}
	return fmt.Errorf("the process answered %d: %s", status, said)
}

// reasonOf leaves the URL out of an error: it is in the logs of others, and may have a user.
func reasonOf(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		err = withURL.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the process did not answer in time")
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing listens at the process's address: it may have ended (%w)", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("the process ended while it was read (%w)", err)
	}
	return err
}

// plain is a text of a stranger on one line.
func plain(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
}

// read writes a profile of a process to w. n is what was read of it, which may be of use though there is an error.
func (f *fetcher) read(ctx context.Context, t targets.Target, p profile, seconds int, w io.Writer) (n int64, err error) {
	limit := readTime
	if p.timed {
		limit += time.Duration(seconds) * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	body, err := f.get(ctx, t, p.path, p.query(seconds).Encode())
	if err != nil {
		return 0, err
	}
	defer body.Close()
	content := bufio.NewReader(body)
	begin, err := content.Peek(len(p.begin))
	if string(begin) != p.begin {
		if err != nil && err != io.EOF {
			return 0, reasonOf(err)
		}
		return 0, fmt.Errorf("expected a %s profile, got what begins with %q: is this net/http/pprof?", p.name, begin)
	}
	if p.debug != "" {
		z := gzip.NewWriter(w)
		defer func() { err = errors.Join(err, z.Close()) }()
		w = z
	}
	n, err = io.Copy(w, io.LimitReader(content, f.maxBytes))
	if err != nil {
		return n, reasonOf(err)
	}
	if _, err := content.ReadByte(); err == nil {
		return n, fmt.Errorf("expected at most %d bytes, and more follow: captures.max_bytes is the limit", f.maxBytes)
	}
	return n, nil
}
