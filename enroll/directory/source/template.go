// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// service is what %s stands for.
const service = "jami"

var token = regexp.MustCompile(`%.?`)

// LoginFilter returns the filter that finds the person of a login: one of
// UsersFilter whom the template Filter fits. The template's tokens are those
// of saslauthd: %u the login, %U without and %d its domain, %1 to %9 the
// labels of the domain from the right, %r the realm, %R the same after an @,
// %s the service, %% a percent sign; all escaped (RFC 4515). The error is an
// ErrLogin if nobody can have this login.
func (c Config) LoginFilter(l Login) (string, error) {
	c = c.WithDefaults()
	names := c.names(l)
	if usesDomain(c.Filter) {
		// The template itself says what becomes of the domain.
		names = []string{l.Typed}
	}
	var filters []string
	var problem error
	for _, name := range names {
		f, err := c.expandFilter(l, name)
		if err != nil {
			problem = err
			continue
		}
		filters = append(filters, f)
	}
	if len(filters) == 0 {
		return "", problem
	}
	return and(c.UsersFilter, or(filters...)), nil
}

// expandFilter makes sure that the values cannot change what the filter asks:
// an empty one, for example, would turn (mail=%1*) into "has a mail address".
func (c Config) expandFilter(l Login, name string) (string, error) {
	shape := bracketed(expand(c.Filter, func(byte) string { return "x" }))
	filter := bracketed(c.expand(c.Filter, l, name, ldap.EscapeFilter))
	if !sameShape(shape, filter) {
		return "", fmt.Errorf("%w: the filter %s needs more than %q has", ErrLogin, c.Filter, l.Typed)
	}
	return filter, nil
}

// LoginDN returns what a person of Login "direct" binds as: BindTemplate with
// the tokens of LoginFilter, escaped as parts of a DN (RFC 4514) if it is one.
// The error is an ErrLogin if nobody can have this login.
func (c Config) LoginDN(l Login) (string, error) {
	name := l.Typed
	if names := c.names(l); len(names) > 1 && (c.domain() != "" || c.NetBIOS != "") && !usesDomain(c.BindTemplate) {
		name = l.Name
	}
	if !strings.Contains(c.BindTemplate, "=") {
		return c.expand(c.BindTemplate, l, name, func(s string) string { return s }), nil
	}
	dn := c.expand(c.BindTemplate, l, name, ldap.EscapeDN)
	want, err := ldap.ParseDN(expand(c.BindTemplate, func(byte) string { return "x" }))
	if err != nil {
		return "", fmt.Errorf("reading the bind template %s: %w", c.BindTemplate, err)
	}
	got, err := ldap.ParseDN(dn)
	if err != nil || len(got.RDNs) != len(want.RDNs) {
		return "", fmt.Errorf("%w: no name can be made of %q by %s", ErrLogin, l.Typed, c.BindTemplate)
	}
	for _, rdn := range got.RDNs {
		for _, a := range rdn.Attributes {
			if a.Value == "" {
				return "", fmt.Errorf("%w: %s needs more than %q has", ErrLogin, c.BindTemplate, l.Typed)
			}
		}
	}
	return dn, nil
}

func (c Config) expand(template string, l Login, name string, escape func(string) string) string {
	user, domain := l.Name, l.Domain
	labels := strings.Split(domain, ".")
	if domain == "" {
		labels = strings.Split(c.Realm, ".")
	}
	slices.Reverse(labels)
	return expand(template, func(t byte) string {
		switch {
		case t == 'u':
			return escape(name)
		case t == 'U':
			return escape(user)
		case t == 'd':
			return escape(domain)
		case t >= '1' && t <= '9' && int(t-'1') < len(labels):
			return escape(labels[t-'1'])
		case t == 'r':
			return escape(c.Realm)
		case t == 'R' && c.Realm != "":
			return escape("@" + c.Realm)
		case t == 's':
			return service
		}
		return ""
	})
}

func expand(template string, value func(byte) string) string {
	return token.ReplaceAllStringFunc(template, func(t string) string {
		switch {
		case t == "%%":
			return "%"
		case len(t) != 2:
			return ""
		}
		return value(t[1])
	})
}

// usesDomain tells whether a template asks for the parts of a login by itself.
func usesDomain(template string) bool {
	return slices.ContainsFunc(token.FindAllString(template, -1), func(t string) bool {
		return len(t) == 2 && strings.ContainsAny(t[1:], "Ud123456789")
	})
}

var stars = regexp.MustCompile(`\*\*+`)

// anyLogin returns a filter template for any login at all.
func anyLogin(template string) string {
	return stars.ReplaceAllString(bracketed(expand(template, func(byte) string { return "*" })), "*")
}

// bracketed returns a filter with the brackets that saslauthd lets one omit.
func bracketed(filter string) string {
	filter = strings.TrimSpace(filter)
	if filter == "" || strings.HasPrefix(filter, "(") {
		return filter
	}
	return "(" + filter + ")"
}

// sameShape tells whether two filters differ only in the values compared.
func sameShape(a, b string) bool {
	x, err := ldap.CompileFilter(a)
	if err != nil {
		return false
	}
	y, err := ldap.CompileFilter(b)
	return err == nil && sameTags(x, y)
}

func sameTags(a, b *ber.Packet) bool {
	if a.ClassType != b.ClassType || a.Tag != b.Tag || len(a.Children) != len(b.Children) {
		return false
	}
	for i := range a.Children {
		if !sameTags(a.Children[i], b.Children[i]) {
			return false
		}
	}
	return true
}

func and(filters ...string) string { return joined('&', filters) }

func or(filters ...string) string { return joined('|', filters) }

func joined(operator byte, filters []string) string {
	var parts []string
	for _, f := range filters {
		if f = bracketed(f); f != "" && !slices.Contains(parts, f) {
			parts = append(parts, f)
		}
	}
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0]
	}
	return "(" + string(operator) + strings.Join(parts, "") + ")"
}
