// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/directory/source"
)

// How long a refused password of the service account is not tried again: the
// directory counts wrong ones, and every login would be another.
const (
	firstServicePause = time.Minute
	maxServicePause   = 30 * time.Minute
)

// serviceMemory remembers that the service account was refused.
type serviceMemory struct {
	mu      sync.Mutex
	refused error
	until   time.Time
	pause   time.Duration
}

func (m *serviceMemory) get(now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refused != nil && now.Before(m.until) {
		return m.refused
	}
	return nil
}

func (m *serviceMemory) set(err error, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refused = err; err == nil {
		m.pause = 0
		return
	}
	m.pause = min(max(firstServicePause, 2*m.pause), maxServicePause)
	m.until = now.Add(m.pause)
}

// bindService binds as the service account, or leaves the connection
// anonymous if there is none.
func (c *Client) bindService(cn *conn) error {
	if c.cfg.BindDN == "" {
		return nil
	}
	if err := c.service.get(c.o.Now()); err != nil {
		return err
	}
	err := c.tryService(cn)
	var misconfigured *Misconfigured
	switch {
	case err == nil:
		c.service.set(nil, c.o.Now())
	case errors.As(err, &misconfigured) && isResult(err, ldap.LDAPResultInvalidCredentials):
		c.service.set(err, c.o.Now())
	}
	return err
}

func (c *Client) tryService(cn *conn) error {
	if err := c.maySend(cn.server); err != nil {
		return err
	}
	result, err := cn.SimpleBind(bindRequest(c.cfg.BindDN, c.password))
	state, _ := bindState(result, err)
	switch {
	case err == nil && state.MayLogin():
		return nil
	case isLost(err):
		return c.broken(cn.server, err)
	case !state.MayLogin():
		return &Misconfigured{Reason: fmt.Sprintf("%s: the service account %s may not log in: %s", cn.server, c.cfg.BindDN, state.Reason), Err: err}
	}
	return c.judge(cn.server, "the service account "+c.cfg.BindDN+" is refused", err)
}

// bindRequest asks for the reasons that only controls tell.
func bindRequest(name, password string) *ldap.SimpleBindRequest {
	return ldap.NewSimpleBindRequest(name, password, []ldap.Control{ldap.NewControlBeheraPasswordPolicy()})
}

// Bind tries a person's password on a connection of its own. The error is a
// *Refused, an *Unavailable or a *Misconfigured. An empty password is refused
// before anything is sent: servers take it for an anonymous bind.
func (c *Client) Bind(ctx context.Context, dn, password string, t *Trace) error {
	return c.bindThen(ctx, dn, password, t, nil)
}

// Login tries a person's password for the entry that Find returned, and
// returns the entry by which to judge the account (State.AfterBind). Of Login
// "direct" the person has read it, otherwise it is the same.
func (c *Client) Login(ctx context.Context, e *ldap.Entry, password string, t *Trace) (*ldap.Entry, error) {
	if c.cfg.Login != source.LoginDirect {
		return e, c.explain(e, c.Bind(ctx, e.DN, password, t))
	}
	var own *ldap.Entry
	err := c.bindThen(ctx, e.DN, password, t, func(cn *conn) error {
		var err error
		own, err = c.readOwn(cn, e, t)
		return err
	})
	return own, err
}

// explain tells by the entry what a server only calls locked.
func (c *Client) explain(e *ldap.Entry, err error) error {
	var refused *Refused
	if !errors.As(err, &refused) || refused.State.Code != source.Locked {
		return err
	}
	if s := c.cfg.State(e, c.o.Now()); !s.AfterBind().MayLogin() {
		return &Refused{State: s, Reason: s.Reason}
	}
	return err
}

// bindThen binds and, once that is accepted, goes on as the person.
func (c *Client) bindThen(ctx context.Context, dn, password string, t *Trace, then func(*conn) error) error {
	began := time.Now()
	if password == "" {
		t.Add(began, false, "bind", dn, "an empty password is refused before anything is sent")
		return &Refused{Wrong: true, Reason: "the password is empty"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	select {
	case c.binds <- struct{}{}:
		defer func() { <-c.binds }()
	case <-ctx.Done():
		return &Unavailable{Reason: "too many logins at a time: the directory is slow", Err: ctx.Err()}
	}
	// Connecting includes the bind, so that a server that hangs there is
	// followed by the next one; what the server says of the person ends it.
	var said error
	cn, err := c.connect(ctx, func(cn *conn) error {
		var lost error
		said, lost = c.tryPassword(cn, dn, password, t)
		return lost
	}, t)
	if err != nil {
		return err
	}
	defer cn.end()
	if said != nil || then == nil {
		return said
	}
	err = cn.do(ctx, func() error { return then(cn) })
	if cn.lost != nil {
		return c.broken(cn.server, cn.lost)
	}
	return err
}

// tryPassword returns what the server said, and apart from it why it said
// nothing.
func (c *Client) tryPassword(cn *conn, dn, password string, t *Trace) (said, lost error) {
	if err := c.maySend(cn.server); err != nil {
		return err, nil
	}
	began := time.Now()
	result, err := cn.SimpleBind(bindRequest(dn, password))
	if isLost(err) {
		return nil, err
	}
	said = c.verdict(cn.server, result, err)
	if said == nil {
		t.Add(began, true, "bind", dn, "password accepted"+notice(result))
		return nil, nil
	}
	t.Add(began, false, "bind", dn, reason(said))
	var unavailable *Unavailable
	if errors.As(said, &unavailable) {
		return nil, said
	}
	return said, nil
}

// verdict turns the answer to a person's bind into an error.
func (c *Client) verdict(s server, result *ldap.SimpleBindResult, err error) error {
	state, certain := bindState(result, err)
	switch {
	case err == nil && state.MayLogin():
		return nil
	case !state.MayLogin():
		return &Refused{State: state, Reason: state.Reason}
	case certain || isResult(err, ldap.LDAPResultInvalidCredentials, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax,
		ldap.LDAPResultInappropriateAuthentication):
		return &Refused{Wrong: true, Reason: "wrong password (" + describe(err) + ")"}
	case isResult(err, ldap.LDAPResultInsufficientAccessRights):
		state = source.State{Code: source.Restricted, Reason: "the server does not let this account log in (" + describe(err) + ")"}
		return &Refused{State: state, Reason: state.Reason}
	case isResult(err, ldap.LDAPResultOperationsError):
		return &Unavailable{Reason: fmt.Sprintf("%s: the bind was answered with %s", s, describe(err)), Err: err}
	}
	return c.judge(s, "the bind was answered with", err)
}

// notice returns what the password policy says along with a success.
func notice(result *ldap.SimpleBindResult) string {
	if result == nil {
		return ""
	}
	var notices []string
	for _, control := range result.Controls {
		switch p := control.(type) {
		case *ldap.ControlBeheraPasswordPolicy:
			if p.Grace >= 0 {
				notices = append(notices, fmt.Sprintf("the password has expired, %d grace logins are left", p.Grace))
			}
			if p.Expire >= 0 {
				notices = append(notices, fmt.Sprintf("the password expires in %s", time.Duration(p.Expire)*time.Second))
			}
		case *ldap.ControlVChuPasswordWarning:
			notices = append(notices, fmt.Sprintf("the password expires in %s", time.Duration(p.Expire)*time.Second))
		}
	}
	if len(notices) == 0 {
		return ""
	}
	return "; " + strings.Join(notices, "; ")
}
