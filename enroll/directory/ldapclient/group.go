// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/directory/source"
)

// Group is a group of the directory.
type Group struct {
	// ID is stable, "" if the group shows none.
	ID, DN, Name string
	// Primary is what Person.PrimaryGroup says of its members: SID or number.
	Primary string
	// Parents are the DNs of the groups this one is in, Members the DNs or
	// logins of those in it, as far as the configured way of membership asks
	// for them.
	Parents, Members []string
}

// Key returns what stands for the group: ID, or the folded DN without one.
func (g Group) Key() string {
	if g.ID != "" {
		return g.ID
	}
	return source.FoldDN(g.DN)
}

// Groups returns all groups, for a Hierarchy. complete is as with Pages.
func (c *Client) Groups(ctx context.Context) (groups []Group, complete bool, err error) {
	at := func(where *layout) ([]string, int) { return where.cfg.GroupBases, ldap.ScopeWholeSubtree }
	seen := map[string]bool{}
	var long []*ldap.Entry
	err = c.pages(ctx, at, c.cfg.GroupFilter, c.cfg.GroupAttributes(), func(entries []*ldap.Entry) error {
		for _, e := range entries {
			dn := source.FoldDN(e.DN)
			switch {
			case seen[dn]:
			case isRanged(e):
				long = append(long, e)
			default:
				groups = append(groups, c.group(e))
			}
			seen[dn] = true
		}
		return nil
	})
	if err != nil {
		return groups, false, err
	}
	for _, e := range long {
		err := c.with(ctx, nil, func(cn *conn) error { return c.readRanges(cn, e) })
		if err != nil {
			return groups, false, &Incomplete{Reason: "the members of " + e.DN + " cannot all be read: " + reason(err), Err: err}
		}
		groups = append(groups, c.group(e))
	}
	return groups, true, nil
}

func (c *Client) group(e *ldap.Entry) Group {
	g := Group{
		ID: c.cfg.ID(e), DN: e.DN, Name: strings.ToValidUTF8(e.GetEqualFoldAttributeValue("cn"), "?"),
		Parents: e.GetEqualFoldAttributeValues("memberOf"),
	}
	if g.Name == "" {
		g.Name = e.DN
	}
	if g.Primary = source.SID(e.GetEqualFoldRawAttributeValue("objectSid")); g.Primary == "" {
		g.Primary = e.GetEqualFoldAttributeValue("gidNumber")
	}
	for _, a := range []string{"member", "uniqueMember", "memberUid"} {
		g.Members = append(g.Members, e.GetEqualFoldAttributeValues(a)...)
	}
	return g
}
