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

const (
	// maxCounted bounds how many people a Check counts.
	maxCounted = 5000
	sampleSize = 20
)

var errEnough = errors.New("counted enough")

// Check tries everything that the source is used for, step by step, up to the
// first that does not work, and tells in words what was found. Unless login is
// empty it also logs that person in with the password; an empty password only
// looks the person up. One of several servers that is down is reported and
// does not end the check. Where people bind directly and there is no service
// account, only the connection and the login can be tried.
func (c *Client) Check(ctx context.Context, login, password string) Report {
	k := &check{client: c, report: Report{OK: true}}
	ok := k.reach(ctx)
	if !c.personal() {
		ok = ok && k.layout(ctx) && k.people(ctx) && k.groups(ctx)
	}
	if ok && login != "" {
		ok = k.login(ctx, login, password)
	}
	k.report.OK = ok
	return k.report
}

// personal tells whether people read their own entries and nobody else does.
func (c *Client) personal() bool { return c.cfg.Login == source.LoginDirect && c.cfg.BindDN == "" }

type check struct {
	client *Client
	report Report
	where  *layout
	first  *ldap.Entry
}

// step notes a step that began at a time; an error's words are the advice.
func (k *check) step(began time.Time, name, detail string, err error) bool {
	s := CheckStep{Name: name, OK: err == nil, Detail: detail, Took: time.Since(began)}
	if err != nil {
		s.Advice = reason(err)
	}
	k.report.Checks = append(k.report.Checks, s)
	return err == nil
}

// reach connects to and binds on every server.
func (k *check) reach(ctx context.Context) bool {
	c := k.client
	began := time.Now()
	servers, err := c.servers.all(ctx)
	var names []string
	for _, s := range servers {
		names = append(names, s.String())
	}
	if len(c.cfg.URLs) == 0 || err != nil {
		if !k.step(began, "discover", strings.Join(names, ", "), err) {
			return false
		}
	}
	reached := false
	for _, s := range servers {
		if k.reachOne(ctx, s) {
			reached = true
			c.servers.works(s)
		} else {
			c.servers.fail(s)
		}
	}
	return reached
}

func (k *check) reachOne(ctx context.Context, s server) bool {
	c := k.client
	began := time.Now()
	lookup, cancel := context.WithTimeout(ctx, time.Duration(c.cfg.ConnectTimeout))
	addresses, err := c.resolve(lookup, s)
	cancel()
	if !k.step(began, "resolve", resolved(s, addresses), err) {
		return false
	}
	began = time.Now()
	seen := &handshake{}
	cn, err := c.dialWithin(ctx, s, seen)
	if k.report.Chain == nil {
		k.report.Chain = links(seen.chain)
	}
	if !k.step(began, "connect", s.String()+", "+k.protection(s, cn), err) {
		return false
	}
	defer cn.end()
	began = time.Now()
	bind, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	who := "anonymous"
	if c.cfg.BindDN != "" {
		who = c.cfg.BindDN
		err = cn.do(bind, func() error { return c.tryService(cn) })
	}
	if err != nil {
		err = c.broken(s, err)
	}
	if k.step(began, "bind", who, err) && k.report.Server == "" {
		k.report.Server = s.String()
		c.service.set(nil, c.o.Now())
	}
	return err == nil
}

func resolved(s server, addresses []string) string {
	if list := strings.Join(addresses, ", "); list != s.host {
		return s.host + ": " + list
	}
	return s.host
}

func (k *check) protection(s server, cn *conn) string {
	switch {
	case s.tls == source.TLSNone:
		return "without TLS"
	case k.client.cfg.InsecureSkipVerify && len(k.client.cfg.Pins) == 0:
		return s.tls + ", certificate NOT checked"
	case cn == nil:
		return s.tls
	}
	return s.tls + ", certificate trusted"
}

// layout asks what the server is and whether the bases exist.
func (k *check) layout(ctx context.Context) bool {
	c := k.client
	began := time.Now()
	err := c.with(ctx, nil, func(cn *conn) error {
		var err error
		if k.where, err = c.arrange(cn); err != nil {
			return err
		}
		for _, base := range append(append([]string(nil), k.where.cfg.Bases...), k.where.cfg.GroupBases...) {
			r := ldap.NewSearchRequest(base, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, c.seconds(), false, anyEntry, []string{"1.1"}, nil)
			result, err := cn.search(r)
			if c.cfg.GlobalCatalogue && base == "" {
				continue
			}
			if err == nil && len(result.Entries) == 0 {
				err = &ldap.Error{ResultCode: ldap.LDAPResultNoSuchObject, Err: errors.New("")}
			}
			if err != nil {
				return c.judge(cn.server, fmt.Sprintf("the base %q", base), err)
			}
		}
		return nil
	})
	if err == nil {
		k.report.Make, k.report.Bases = k.where.product, k.where.cfg.Bases
	}
	return k.step(began, "base", strings.Join(k.report.Bases, " and "), err)
}

// people counts and maps a sample.
func (k *check) people(ctx context.Context) bool {
	c := k.client
	began := time.Now()
	filter := k.where.cfg.SearchFilter(nil)
	var problem error
	_, err := c.Pages(ctx, filter, nil, func(entries []*ldap.Entry) error {
		for _, e := range entries[:min(len(entries), max(0, sampleSize-k.report.Users))] {
			if p, err := c.cfg.Person(e, c.o.Now()); err != nil {
				problem = err
			} else if k.first == nil {
				k.first, k.report.Sample = e, &Sample{Person: p}
			}
		}
		if k.report.Users += len(entries); k.report.Users >= maxCounted {
			return errEnough
		}
		return nil
	})
	detail := fmt.Sprintf("%d found with %s", k.report.Users, filter)
	if errors.Is(err, errEnough) {
		detail, err = fmt.Sprintf("%d and more found with %s", k.report.Users, filter), nil
	}
	if err == nil && k.report.Users == 0 {
		err = &Misconfigured{Reason: "nobody is there: is the base right, do people fit users_filter, and may the service account read them?"}
	}
	if !k.step(began, "people", detail, err) {
		return false
	}
	began = time.Now()
	if k.first == nil {
		return k.step(began, "sample", "", problem)
	}
	return k.step(began, "sample", fmt.Sprintf("%s is %s (%s)", k.first.DN, k.report.Sample.Person.Username, k.report.Sample.Person.DisplayName), nil)
}

func (k *check) groups(ctx context.Context) bool {
	began := time.Now()
	err := k.client.fillGroups(ctx, k.first, k.report.Sample)
	return k.step(began, "groups", strings.Join(k.report.Sample.Groups, ", "), err)
}

func (c *Client) fillGroups(ctx context.Context, e *ldap.Entry, s *Sample) error {
	groups, err := c.GroupsOf(ctx, e)
	for _, g := range groups {
		s.Groups = append(s.Groups, g.Name)
	}
	return err
}

// login tries a person's login with everything that decides about it.
func (k *check) login(ctx context.Context, typed, password string) bool {
	began := time.Now()
	l := &LoginReport{}
	k.report.Login = l
	t := &Trace{}
	err := k.tryLogin(ctx, typed, password, l, t)
	l.Steps = t.Steps()
	l.OK = err == nil
	l.Reason = "may log in"
	if err != nil {
		l.Reason = reason(err)
	} else if password == "" {
		l.Reason = "known to the directory; no password was tried"
	}
	return k.step(began, "login", typed, err)
}

func (k *check) tryLogin(ctx context.Context, typed, password string, report *LoginReport, t *Trace) error {
	c := k.client
	l, err := source.ParseLogin(typed)
	if err != nil {
		return err
	}
	e, err := c.Find(ctx, l, t)
	if err != nil {
		return err
	}
	if password != "" {
		if e, err = c.Login(ctx, e, password, t); err != nil {
			return err
		}
	} else if c.cfg.Login == source.LoginDirect {
		return nil
	}
	p, err := c.cfg.Person(e, c.o.Now())
	report.Sample = &Sample{Person: p}
	if err != nil {
		report.Sample.Problem = err.Error()
		return err
	}
	state := p.State
	if password != "" {
		state = state.AfterBind()
	}
	if !state.MayLogin() {
		return &Refused{State: state, Reason: state.Reason}
	}
	if c.personal() {
		return nil
	}
	return c.fillGroups(ctx, e, report.Sample)
}
