// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Active Directory returns a part of the values of long attributes, under a
// name such as "member;range=0-1499", and the last part as "member;range=1500-*".
var ranged = regexp.MustCompile(`(?i)^([a-z][a-z0-9-]*);range=([0-9]+)-([0-9]+|\*)$`)

func isRanged(e *ldap.Entry) bool {
	for _, a := range e.Attributes {
		if ranged.MatchString(a.Name) {
			return true
		}
	}
	return false
}

// readRanges completes the attributes of an entry that came in part.
func (c *Client) readRanges(cn *conn, e *ldap.Entry) error {
	for _, a := range e.Attributes {
		m := ranged.FindStringSubmatch(a.Name)
		if m == nil {
			continue
		}
		values, err := c.readRange(cn, e.DN, m[1], a.Values, m[3])
		if err != nil {
			return err
		}
		whole := ldap.NewEntryAttribute(m[1], values)
		a.Name, a.Values, a.ByteValues = whole.Name, whole.Values, whole.ByteValues
	}
	return nil
}

// readRange reads on after the values known, the last of which is numbered.
func (c *Client) readRange(cn *conn, dn, attribute string, values []string, last string) ([]string, error) {
	for last != "*" {
		n, err := strconv.Atoi(last)
		if err != nil {
			return nil, fmt.Errorf("reading %s of %s: range ends at %q: %w", attribute, dn, last, err)
		}
		name := fmt.Sprintf("%s;range=%d-*", attribute, n+1)
		result, err := cn.search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, c.seconds(), false, anyEntry, []string{name}, nil))
		if err != nil {
			return nil, c.judge(cn.server, "reading the members of "+dn, err)
		}
		var more []string
		more, last = nextRange(result, attribute, n)
		if last == "" {
			return nil, &Incomplete{Reason: fmt.Sprintf("%s of %s ends after %d values without a last part", attribute, dn, len(values))}
		}
		values = append(values, more...)
	}
	return values, nil
}

// nextRange returns the part of an answer that follows value number n, and the
// number of its last value; "" if there is no such part.
func nextRange(result *ldap.SearchResult, attribute string, n int) (values []string, last string) {
	for _, e := range result.Entries {
		for _, a := range e.Attributes {
			m := ranged.FindStringSubmatch(a.Name)
			if m == nil || !strings.EqualFold(m[1], attribute) || m[2] != strconv.Itoa(n+1) {
				continue
			}
			if end, err := strconv.Atoi(m[3]); m[3] == "*" || err == nil && end > n {
				return a.Values, m[3]
			}
		}
	}
	return nil, ""
}
