// SPDX-License-Identifier: GPL-3.0-or-later

package names

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"jamibox/enroll/account"
)

// ErrElsewhere tells that the other name server could not be asked.
var ErrElsewhere = errors.New("the name server that unknown names are forwarded to does not answer")

const (
	forwardTime = 5 * time.Second
	// An entry with a signature takes about one kilobyte.
	maxForwarded = 16 << 10
)

// Forwarder asks another name server (the same two paths of HTTP) for people
// whom the box does not know. That server learns what was asked for. It is safe
// for concurrent use.
type Forwarder struct {
	base   string
	client *http.Client
}

// NewForwarder returns a forwarder to a base URL.
func NewForwarder(base string) *Forwarder {
	return &Forwarder{base: strings.TrimRight(base, "/"), client: &http.Client{
		Timeout: forwardTime,
		// An answer comes from the server that the administrator named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ByName asks for a username. Errors: ErrNotFound, ErrElsewhere.
func (f *Forwarder) ByName(ctx context.Context, name string) (Entry, error) {
	e, err := f.ask(ctx, "/name/"+url.PathEscape(name))
	if err == nil && account.Fold(e.Name) != account.Fold(name) {
		return Entry{}, fmt.Errorf("%w: it answered for %q instead of %q", ErrElsewhere, e.Name, name)
	}
	return e, err
}

// ByAddress asks for a Jami id of 40 lower-case digits. Errors as for ByName.
func (f *Forwarder) ByAddress(ctx context.Context, id string) (Entry, error) {
	e, err := f.ask(ctx, "/addr/0x"+id)
	if err == nil && e.Address != id {
		return Entry{}, fmt.Errorf("%w: it answered for %s instead of %s", ErrElsewhere, e.Address, id)
	}
	return e, err
}

func (f *Forwarder) ask(ctx context.Context, path string) (Entry, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.base+path, nil)
	if err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrElsewhere, err)
	}
	answer, err := f.client.Do(request)
	if err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrElsewhere, err)
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusBadRequest:
		return Entry{}, ErrNotFound
	default:
		return Entry{}, fmt.Errorf("%w: %s answers %s", ErrElsewhere, f.base, answer.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxForwarded))
	if err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrElsewhere, err)
	}
	return parseEntry(raw)
}

// parseEntry reads what a name server answers; members other than name and
// addr do not matter.
func parseEntry(raw []byte) (Entry, error) {
	var body struct {
		Name    string `json:"name"`
		Address string `json:"addr"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return Entry{}, fmt.Errorf("%w: its answer is no JSON object: %w", ErrElsewhere, err)
	}
	m := address.FindStringSubmatch(body.Address)
	if m == nil || body.Name == "" || !plausible(body.Name) {
		return Entry{}, fmt.Errorf("%w: its answer holds no name and address", ErrElsewhere)
	}
	return Entry{Name: account.Fold(body.Name), Address: strings.ToLower(m[2])}, nil
}
