// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/directory/source"
)

// Find returns the entry of a login. The error is ErrUnknown, ErrAmbiguous, an
// *Unavailable or a *Misconfigured. Of Login "direct" the entry has a DN only,
// made of the login, and nothing is asked.
func (c *Client) Find(ctx context.Context, l source.Login, t *Trace) (*ldap.Entry, error) {
	if c.cfg.Login == source.LoginDirect {
		return c.direct(l, t)
	}
	var found *ldap.Entry
	err := c.with(ctx, t, func(cn *conn) error {
		where, err := c.arrange(cn)
		if err != nil {
			return err
		}
		began := time.Now()
		filter, err := where.cfg.LoginFilter(l)
		if err != nil {
			t.Add(began, false, "filter", c.cfg.Filter, err.Error())
			return fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		found, err = c.one(cn, where, filter)
		traceFound(t, began, cn.server, filter, found, err)
		return err
	})
	return found, err
}

func (c *Client) direct(l source.Login, t *Trace) (*ldap.Entry, error) {
	began := time.Now()
	dn, err := c.cfg.LoginDN(l)
	if err != nil {
		t.Add(began, false, "name", c.cfg.BindTemplate, err.Error())
		if errors.Is(err, source.ErrLogin) {
			return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		return nil, &Misconfigured{Reason: err.Error(), Err: err}
	}
	t.Add(began, true, "name", c.cfg.BindTemplate, dn)
	return &ldap.Entry{DN: dn}, nil
}

func traceFound(t *Trace, began time.Time, s server, filter string, found *ldap.Entry, err error) {
	detail := s.String() + " " + filter
	if err != nil {
		t.Add(began, false, "search", detail, reason(err))
		return
	}
	t.Add(began, true, "search", detail, "found "+found.DN)
}

// Entry returns the person with the stable id (source.Person.ExternalID), if
// still among the source's people. The errors are those of Find.
func (c *Client) Entry(ctx context.Context, id string) (*ldap.Entry, error) {
	var found *ldap.Entry
	err := c.with(ctx, nil, func(cn *conn) error {
		where, err := c.arrange(cn)
		if err != nil {
			return err
		}
		found, err = c.one(cn, where, "(&"+where.cfg.SearchFilter(nil)+where.cfg.IDFilter(id)+")")
		return err
	})
	return found, err
}

// one returns the only entry that the filter fits.
func (c *Client) one(cn *conn, where *layout, filter string) (*ldap.Entry, error) {
	var found *ldap.Entry
	for _, base := range where.cfg.Bases {
		result, err := cn.search(c.request(where, base, filter, c.cfg.Attributes(), 2))
		if err != nil && !isSizeLimit(err) {
			return nil, c.judge(cn.server, fmt.Sprintf("searching %q", base), err)
		}
		for _, e := range result.Entries {
			if found != nil && source.FoldDN(found.DN) != source.FoldDN(e.DN) {
				return nil, fmt.Errorf("%w: %s and %s", ErrAmbiguous, found.DN, e.DN)
			}
			found = e
		}
	}
	if found == nil {
		return nil, ErrUnknown
	}
	return found, nil
}

func (c *Client) request(where *layout, base, filter string, attributes []string, limit int, controls ...ldap.Control) *ldap.SearchRequest {
	r := ldap.NewSearchRequest(base, where.scope, ldap.NeverDerefAliases, limit, c.seconds(), false, filter, attributes, controls)
	// Samba sends everything, whatever the limit.
	r.EnforceSizeLimit = limit > 0
	return r
}

// readOwn reads a person's entry with the person's own connection.
func (c *Client) readOwn(cn *conn, e *ldap.Entry, t *Trace) (*ldap.Entry, error) {
	where, err := c.arrange(cn)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	filter := where.cfg.SearchFilter(nil)
	if strings.Contains(c.cfg.BindTemplate, "=") {
		own := *where
		own.cfg.Bases, own.scope = []string{e.DN}, ldap.ScopeBaseObject
		where = &own
	} else if filter, err = ownFilter(where.cfg, e.DN); err != nil {
		return nil, err
	}
	found, err := c.one(cn, where, filter)
	traceFound(t, began, cn.server, filter, found, err)
	return found, err
}

// ownFilter finds the entry of somebody who bound by a name that is no DN.
func ownFilter(cfg source.Config, name string) (string, error) {
	l, err := source.ParseLogin(name)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	filter, err := cfg.LoginFilter(l)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return filter, nil
}

func isSizeLimit(err error) bool {
	return errors.Is(err, ldap.ErrSizeLimitExceeded) || isResult(err, ldap.LDAPResultSizeLimitExceeded)
}
