// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient lets loaded machines take their time; tests of time limits set their own.
const patient = source.Duration(30 * time.Second)

func newClient(t testing.TB, cfg source.Config, password string, o Options) *Client {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout, cfg.ConnectTimeout = patient, patient
	}
	c, err := New(cfg, password, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// openLDAP returns the configuration of a Slapd, without TLS.
func openLDAP(urls ...string) source.Config {
	return source.Config{
		Kind: source.KindLDAP, Preset: "openldap", URLs: urls, TLS: source.TLSNone, AllowPlaintextBind: true,
		BindDN: directorytest.Reader, Bases: []string{directorytest.People},
	}
}

func slapdClient(t testing.TB, s *directorytest.Slapd, edit func(*source.Config)) *Client {
	t.Helper()
	cfg := openLDAP(s.URL())
	if edit != nil {
		edit(&cfg)
	}
	password := directorytest.ReaderPassword
	if cfg.BindDN == "" {
		password = ""
	}
	return newClient(t, cfg, password, Options{})
}

// logIn does what a login consists of, and returns the person, or why not.
func logIn(ctx context.Context, c *Client, typed, password string, t *Trace) (source.Person, error) {
	l, err := source.ParseLogin(typed)
	if err != nil {
		return source.Person{}, err
	}
	e, err := c.Find(ctx, l, t)
	if err != nil {
		return source.Person{}, err
	}
	if e, err = c.Login(ctx, e, password, t); err != nil {
		return source.Person{}, err
	}
	p, err := c.Config().Person(e, time.Now())
	if err != nil {
		return p, err
	}
	if s := p.State.AfterBind(); !s.MayLogin() {
		return p, &Refused{State: s, Reason: s.Reason}
	}
	return p, nil
}

// outcome names what became of a login in one word.
func outcome(err error) string {
	var refused *Refused
	var unavailable *Unavailable
	var misconfigured *Misconfigured
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrUnknown):
		return "unknown"
	case errors.Is(err, ErrAmbiguous):
		return "ambiguous"
	case errors.As(err, &refused) && refused.Wrong:
		return "wrong"
	case errors.As(err, &refused):
		return string(refused.State.Code)
	case errors.As(err, &unavailable):
		return "unavailable"
	case errors.As(err, &misconfigured):
		return "misconfigured"
	}
	return err.Error()
}

func modify(t testing.TB, c *ldap.Conn, dn, attribute string, values ...string) {
	t.Helper()
	r := ldap.NewModifyRequest(dn, nil)
	r.Replace(attribute, values)
	require.NoError(t, c.Modify(r))
}

// hosts is a Resolver of a few names.
type hosts map[string][]string

func (h hosts) LookupHost(_ context.Context, host string) ([]string, error) {
	if addresses, ok := h[host]; ok {
		return addresses, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (h hosts) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{Err: "no such host", IsNotFound: true}
}

// renamed returns a URL with localhost in place of the address.
func renamed(url, ip string) string { return strings.Replace(url, ip, "localhost", 1) }
