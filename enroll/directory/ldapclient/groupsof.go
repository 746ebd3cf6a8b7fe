// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/directory/source"
)

const (
	// inChain is the rule with which Active Directory follows nested groups.
	inChain = "1.2.840.113556.1.4.1941"
	// maxGroups bounds how far nested groups of a person are followed.
	maxGroups = 5000
	// atOnce is how many values one filter asks for.
	atOnce = 50
)

// GroupsOf returns the groups that the person of an entry is in now, directly,
// through other groups and as the primary one.
func (c *Client) GroupsOf(ctx context.Context, e *ldap.Entry) ([]Group, error) {
	var s *groupSearch
	err := c.with(ctx, nil, func(cn *conn) error {
		where, err := c.arrange(cn)
		if err != nil {
			return err
		}
		s = &groupSearch{client: c, conn: cn, where: where, seen: map[string]bool{}}
		if c.cfg.Kind == source.KindAD && c.cfg.Membership == source.MembershipInChain {
			return s.chain(e)
		}
		return s.walk(e)
	})
	if err != nil {
		return nil, err
	}
	return s.groups, nil
}

type groupSearch struct {
	client *Client
	conn   *conn
	where  *layout
	groups []Group
	seen   map[string]bool
}

func (s *groupSearch) attributes() []string {
	return append(slices.Clone(s.client.cfg.Mapping.ID), "cn", "memberOf", "objectSid", "gidNumber")
}

// keep notes groups and returns those that are new.
func (s *groupSearch) keep(entries []*ldap.Entry) []Group {
	var added []Group
	for _, e := range entries {
		if dn := source.FoldDN(e.DN); !s.seen[dn] && len(s.groups) < maxGroups {
			s.seen[dn] = true
			g := s.client.group(e)
			s.groups = append(s.groups, g)
			added = append(added, g)
		}
	}
	return added
}

// find returns the groups that have one of the conditions.
func (s *groupSearch) find(conditions []string) ([]Group, error) {
	var added []Group
	for chunk := range slices.Chunk(conditions, atOnce) {
		filter := "(&" + s.client.cfg.GroupFilter + "(|" + strings.Join(chunk, "") + "))"
		for _, base := range s.where.cfg.GroupBases {
			r := s.client.request(s.where, base, filter, s.attributes(), 0)
			r.Scope = ldap.ScopeWholeSubtree
			result, err := s.conn.search(r)
			if err != nil {
				return nil, s.client.judge(s.conn.server, fmt.Sprintf("searching groups below %q", base), err)
			}
			added = append(added, s.keep(result.Entries)...)
		}
	}
	return added, nil
}

// chain lets Active Directory follow the nesting. The rule does not know
// primary groups, which tokenGroups lists with all they are in; and that does
// not know distribution groups.
func (s *groupSearch) chain(e *ldap.Entry) error {
	result, err := s.conn.search(ldap.NewSearchRequest(e.DN, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, s.client.seconds(), false,
		anyEntry, []string{"tokenGroups"}, nil))
	if isResult(err, ldap.LDAPResultNoSuchObject) {
		return fmt.Errorf("%w: %s is gone", ErrUnknown, e.DN)
	}
	if err != nil {
		return s.client.judge(s.conn.server, "reading the groups of "+e.DN, err)
	}
	conditions := []string{"(member:" + inChain + ":=" + ldap.EscapeFilter(e.DN) + ")"}
	for _, entry := range result.Entries {
		for _, sid := range entry.GetEqualFoldRawAttributeValues("tokenGroups") {
			conditions = append(conditions, "(objectSid="+source.EscapeBytes(sid)+")")
		}
	}
	_, err = s.find(conditions)
	return err
}

// walk follows the nesting level by level. The entry's own list (memberOf) is
// right even where members are listed under an old name.
func (s *groupSearch) walk(e *ldap.Entry) error {
	p, _ := s.client.cfg.Person(e, s.client.o.Now()) // what is not an id or a name is told all the same
	var level []Group
	var err error
	if len(p.Groups) > 0 {
		level, err = s.named(p.Groups)
		if err == nil {
			var primary []Group
			primary, err = s.find(primaryCondition(p))
			level = append(level, primary...)
		}
	} else {
		level, err = s.find(s.lists(p))
	}
	for err == nil && len(level) > 0 {
		var up, without []string
		for _, g := range level {
			if len(g.Parents) > 0 {
				up = append(up, g.Parents...)
			} else {
				without = append(without, memberConditions(g.DN)...)
			}
		}
		var byName, byList []Group
		if byName, err = s.named(up); err != nil {
			break
		}
		byList, err = s.find(without)
		level = append(byName, byList...)
	}
	return err
}

// lists are the conditions of the groups that list a person.
func (s *groupSearch) lists(p source.Person) []string {
	var conditions []string
	if s.client.cfg.Membership != source.MembershipMemberUID {
		conditions = memberConditions(p.DN)
	}
	if s.client.cfg.Membership == source.MembershipMember {
		return conditions
	}
	if p.Username != "" {
		conditions = append(conditions, "(memberUid="+ldap.EscapeFilter(p.Username)+")")
	}
	return append(conditions, primaryCondition(p)...)
}

func primaryCondition(p source.Person) []string {
	if p.PrimaryGroup == "" {
		return nil
	}
	return []string{"(&(objectClass=posixGroup)(gidNumber=" + ldap.EscapeFilter(p.PrimaryGroup) + "))"}
}

func memberConditions(dn string) []string {
	escaped := ldap.EscapeFilter(dn)
	return []string{"(member=" + escaped + ")", "(uniqueMember=" + escaped + ")"}
}

// named reads groups by their names; those that are gone do not matter.
func (s *groupSearch) named(dns []string) ([]Group, error) {
	var added []Group
	for _, dn := range dns {
		if s.seen[source.FoldDN(dn)] {
			continue
		}
		r := s.client.request(s.where, dn, s.client.cfg.GroupFilter, s.attributes(), 0)
		r.Scope = ldap.ScopeBaseObject
		result, err := s.conn.search(r)
		if err != nil && !isResult(err, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax) {
			return nil, s.client.judge(s.conn.server, "reading the group "+dn, err)
		}
		added = append(added, s.keep(result.Entries)...)
	}
	return added, nil
}
