// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/directory/source"
)

const (
	oidActiveDirectory = "1.2.840.113556.1.4.800"
	oidPaging          = "1.2.840.113556.1.4.319"
	anyEntry           = "(objectClass=*)"
)

// layout is what a server says of itself, and what follows from it.
type layout struct {
	// product is the make of the server, "" if it does not tell.
	product string
	// pages tells whether it says that it can page.
	pages bool
	// cfg has the bases filled in.
	cfg source.Config
	// scope is that of searches for people, as package ldap counts.
	scope int
}

// arrange returns the layout of the directory, asking the server once.
func (c *Client) arrange(cn *conn) (*layout, error) {
	c.mu.Lock()
	known := c.layout
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	l, err := c.readLayout(cn)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.layout = l
	return l, nil
}

func (c *Client) readLayout(cn *conn) (*layout, error) {
	root, err := c.rootDSE(cn)
	if err != nil && len(c.cfg.Bases) == 0 {
		return nil, c.judge(cn.server, "what it holds (the root DSE) cannot be read", err)
	}
	if cn.lost != nil {
		return nil, c.broken(cn.server, cn.lost)
	}
	l := &layout{cfg: c.cfg, scope: scope(c.cfg.Scope), product: product(root), pages: slices.Contains(root.GetEqualFoldAttributeValues("supportedControl"), oidPaging)}
	context, several := namingContext(root, c.cfg)
	if len(c.cfg.Bases) == 0 && context == "" && !c.cfg.GlobalCatalogue {
		advice := "it does not say what it holds"
		if len(several) > 0 {
			advice = "it holds " + strings.Join(several, " and ")
		}
		return nil, &Misconfigured{Reason: fmt.Sprintf("%s: %s: give the base where people are", cn.server, advice)}
	}
	l.cfg.Bases, l.cfg.GroupBases = c.cfg.BasesIn(context)
	return l, nil
}

func (c *Client) rootDSE(cn *conn) (*ldap.Entry, error) {
	result, err := cn.search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, c.seconds(), false, anyEntry,
		[]string{"defaultNamingContext", "namingContexts", "supportedControl", "supportedCapabilities", "vendorName", "objectClass"}, nil))
	if err != nil || len(result.Entries) == 0 {
		return ldap.NewEntry("", nil), err
	}
	return result.Entries[0], nil
}

func (c *Client) seconds() int { return max(1, int(c.timeout().Seconds())) }

// namingContext returns where the directory begins: the one that the first
// base lies in, the server's default, or the only one.
func namingContext(root *ldap.Entry, cfg source.Config) (context string, several []string) {
	several = root.GetEqualFoldAttributeValues("namingContexts")
	preferred := root.GetEqualFoldAttributeValue("defaultNamingContext")
	switch {
	case cfg.GlobalCatalogue && len(cfg.Bases) == 0:
		return "", several
	case len(cfg.Bases) > 0:
		base, err := ldap.ParseDN(cfg.Bases[0])
		if err != nil {
			return "", several
		}
		for _, candidate := range append([]string{preferred}, several...) {
			if dn, err := ldap.ParseDN(candidate); err == nil && candidate != "" && (dn.EqualFold(base) || dn.AncestorOfFold(base)) {
				return candidate, several
			}
		}
		return "", several
	case preferred != "":
		return preferred, several
	case len(several) == 1:
		return several[0], several
	}
	return "", several
}

func product(root *ldap.Entry) string {
	vendor := root.GetEqualFoldAttributeValue("vendorName")
	switch {
	case strings.Contains(vendor, "Samba"):
		return "Samba Active Directory"
	case slices.Contains(root.GetEqualFoldAttributeValues("supportedCapabilities"), oidActiveDirectory):
		return "Active Directory"
	case strings.Contains(vendor, "389 Project"):
		return "389 Directory Server"
	case slices.ContainsFunc(root.GetEqualFoldAttributeValues("objectClass"), func(v string) bool { return strings.EqualFold(v, "OpenLDAProotDSE") }):
		return "OpenLDAP"
	}
	return strings.ToValidUTF8(vendor, "?")
}

func scope(name string) int {
	switch name {
	case source.ScopeOne:
		return ldap.ScopeSingleLevel
	case source.ScopeBase:
		return ldap.ScopeBaseObject
	}
	return ldap.ScopeWholeSubtree
}
