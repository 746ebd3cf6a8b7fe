// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-ldap/ldap/v3"
)

// maxEmptyPages bounds how long a server may go on without an entry.
const maxEmptyPages = 1000

// Pages hands everybody whom a filter finds to each, a page at a time, with
// the attributes named (none for Config.Attributes). Overlapping bases bring
// the same entry more than once. complete is false, with an *Incomplete, if
// the answer was cut off: by a limit of the server's, by a lost connection, or
// since the server did not say that it had ended. Who is missing then need not
// be gone. An error of each ends the reading and is returned as it is.
func (c *Client) Pages(ctx context.Context, filter string, attributes []string, each func([]*ldap.Entry) error) (complete bool, err error) {
	if len(attributes) == 0 {
		attributes = c.cfg.Attributes()
	}
	err = c.pages(ctx, func(where *layout) ([]string, int) { return where.cfg.Bases, where.scope }, filter, attributes, each)
	return err == nil, err
}

// pages has a connection of its own, since a cookie is of use there only.
func (c *Client) pages(ctx context.Context, at func(*layout) ([]string, int), filter string, attributes []string, each func([]*ldap.Entry) error) error {
	var where *layout
	cn, err := c.connect(ctx, func(cn *conn) error {
		err := c.bindService(cn)
		if err == nil {
			where, err = c.arrange(cn)
		}
		return err
	}, nil)
	if err != nil {
		return &Incomplete{Reason: reason(err), Err: err}
	}
	defer cn.end()
	bases, scope := at(where)
	for _, base := range bases {
		p := &pager{client: c, conn: cn, where: where, request: c.request(where, base, filter, attributes, 0)}
		p.request.Scope = scope
		if err := p.read(ctx, each); err != nil {
			return err
		}
	}
	return nil
}

// pager reads what is below one base.
type pager struct {
	client  *Client
	conn    *conn
	where   *layout
	request *ldap.SearchRequest

	pages, entries, empty int
}

func (p *pager) read(ctx context.Context, each func([]*ldap.Entry) error) error {
	control := ldap.NewControlPaging(uint32(p.client.cfg.PageSize))
	p.request.Controls = []ldap.Control{control}
	for {
		result, err := p.page(ctx)
		p.pages++
		p.entries += len(result.Entries)
		if len(result.Entries) > 0 {
			p.empty = 0
			if err := each(result.Entries); err != nil {
				return err
			}
		} else {
			p.empty++
		}
		if err != nil {
			return p.cut(err)
		}
		cookie, ended, err := p.next(result)
		if ended || err != nil {
			return err
		}
		control.SetCookie(cookie)
	}
}

// page asks for the next page, within the time of one question.
func (p *pager) page(ctx context.Context) (*ldap.SearchResult, error) {
	ctx, cancel := context.WithTimeout(ctx, p.client.timeout())
	defer cancel()
	result := &ldap.SearchResult{}
	err := p.conn.do(ctx, func() error {
		var err error
		result, err = p.conn.search(p.request)
		return err
	})
	return result, err
}

// next returns the cookie with which to ask on, or that this was the last.
func (p *pager) next(result *ldap.SearchResult) (cookie []byte, ended bool, err error) {
	control, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
	switch {
	case ok && len(control.Cookie) == 0:
		return nil, true, nil
	case !ok && p.pages == 1 && !p.where.pages:
		// A server that cannot page sends everything at once.
		return nil, true, nil
	case !ok:
		return nil, false, p.incomplete("the server did not say that the answer had ended", nil)
	case p.empty > maxEmptyPages:
		return nil, false, p.incomplete("the server sends empty pages without end", nil)
	}
	return control.Cookie, false, nil
}

func (p *pager) cut(err error) error {
	if p.conn.lost != nil {
		err = p.client.broken(p.conn.server, err)
		return p.incomplete("the connection was lost", err)
	}
	if limited(err) {
		return p.incomplete(describe(err), err)
	}
	judged := p.client.judge(p.conn.server, fmt.Sprintf("searching %q", p.request.BaseDN), err)
	return p.incomplete(reason(judged), judged)
}

func (p *pager) incomplete(why string, err error) error {
	var unavailable *Unavailable
	if errors.As(err, &unavailable) && unavailable.Reason != why {
		why += ": " + unavailable.Reason
	}
	return &Incomplete{Reason: fmt.Sprintf("%s (after %d entries)", why, p.entries), Err: err}
}
