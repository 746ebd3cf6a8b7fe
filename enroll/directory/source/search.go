// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/text/unicode/norm"
)

// SearchFilter returns the filter that finds people by words: each of them has
// to be in a mapped name or mail address, or, if it may be one, in a number.
// Active Directory looks at the beginnings only, which is what its indexes can
// do. No words find everyone.
func (c Config) SearchFilter(words []string) string {
	c = c.WithDefaults()
	m := c.Mapping
	lead := "*"
	if c.Kind == KindAD {
		lead = ""
	}
	filters := []string{c.UsersFilter}
	for _, word := range words {
		word = norm.NFC.String(strings.TrimSpace(word))
		if word == "" {
			continue
		}
		var either []string
		lists := [][]string{m.Username, m.FirstName, m.LastName, m.DisplayName, m.Email}
		// Few directories have an index for numbers, and without one for each part
		// of an OR they read all people.
		if isNumber(word) {
			lists = append(lists, m.Phone, m.Mobile)
		}
		for _, list := range lists {
			for _, a := range list {
				either = append(either, "("+a+"="+lead+ldap.EscapeFilter(word)+"*)")
			}
		}
		filters = append(filters, or(either...))
	}
	return and(filters...)
}

// isNumber tells whether a word may be part of a phone number.
func isNumber(word string) bool {
	return strings.ContainsAny(word, "0123456789") && strings.Trim(word, "0123456789+()-./ ") == ""
}

// IDFilter returns the filter that finds a person by Person.ExternalID.
func (c Config) IDFilter(id string) string {
	c = c.WithDefaults()
	var either []string
	for _, a := range c.Mapping.ID {
		either = append(either, "("+a+"="+escapeID(a, id)+")")
	}
	return or(either...)
}

func escapeID(attribute, id string) string {
	raw, isGUID := parseGUID(id)
	if !isGUID || !strings.EqualFold(attribute, attrObjectGUID) {
		return ldap.EscapeFilter(id)
	}
	return EscapeBytes(raw)
}

// Attributes returns what is asked for of a person: what is mapped, what
// tells the state of the account, and the groups.
func (c Config) Attributes() []string {
	c = c.WithDefaults()
	var names []string
	add := func(list ...string) {
		for _, a := range list {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, a) }) {
				names = append(names, a)
			}
		}
	}
	for _, f := range c.Mapping.fields() {
		add(*f.attributes...)
	}
	if c.Kind == KindAD {
		add(attrUserPrincipalName, attrObjectSid, attrPrimaryGroupID)
		add(adStateAttributes()...)
	} else {
		add(ldapStateAttributes()...)
	}
	switch c.Membership {
	case MembershipMemberOf:
		add(attrMemberOf, attrGIDNumber)
	case MembershipInChain:
		add(attrMemberOf)
	case MembershipMemberUID:
		add(attrGIDNumber)
	}
	return names
}

// GroupAttributes returns what is asked for of a group: what names it, and
// what the configured way of membership needs.
func (c Config) GroupAttributes() []string {
	c = c.WithDefaults()
	names := append(slices.Clone(c.Mapping.ID), "cn", attrObjectSid, attrGIDNumber)
	switch c.Membership {
	case MembershipInChain:
		return append(names, attrMemberOf)
	case MembershipMember:
		return append(names, attrMember, attrUniqueMember)
	case MembershipMemberUID:
		return append(names, attrMemberUID)
	}
	return append(names, attrMemberOf, attrMember, attrUniqueMember, attrMemberUID)
}
