// Package send makes the HTTP requests of targets.
package send

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Do sends a request. Any 2xx answer is a success. Redirects are not followed: most turn PUT and POST into GET, so that a login page
// would answer 200 with nothing stored; the others would take headers to another host. Errors do not have what may be secret in an
// address. advice says what to set where the answer is a redirect.
func Do(client *http.Client, request *http.Request, advice string) error {
	what := request.Method + " " + withoutSecrets(request.URL)
	own := *cmp.Or(client, http.DefaultClient) // a copy: the service's own goes on to follow redirects
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := own.Do(request)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	defer response.Body.Close()
	if to, err := response.Location(); err == nil && response.StatusCode/100 == 3 {
		return fmt.Errorf("%s: %s to %s: expected 2xx, redirects are not followed; %s",
			what, response.Status, withoutSecrets(to), advice)
	}
	answer, _ := io.ReadAll(io.LimitReader(response.Body, 200))
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%s: %s %q", what, response.Status, answer)
	}
	return nil
}

// withoutSecrets leaves out what may be secret: the user, the password and the query.
func withoutSecrets(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
