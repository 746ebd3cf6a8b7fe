// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/text/unicode/norm"
)

// ErrLogin tells that what was typed cannot be the login of anybody here.
var ErrLogin = errors.New("not a login of this source")

const maxLoginRunes = 256

// Login is what a person typed as name.
type Login struct {
	// Typed is all of it, normalised (NFC) and without blanks around it.
	Typed string
	// Name is Typed without the domain, and Domain what stands before the
	// backslash or after the last @.
	Name, Domain string
}

// ParseLogin takes a login apart. The error is an ErrLogin.
func ParseLogin(text string) (Login, error) {
	if !utf8.ValidString(text) {
		return Login{}, fmt.Errorf("%w: the name is not valid UTF-8", ErrLogin)
	}
	text = norm.NFC.String(strings.TrimSpace(text))
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return Login{}, fmt.Errorf("%w: the name is empty", ErrLogin)
	case n > maxLoginRunes:
		return Login{}, fmt.Errorf("%w: the name has %d characters, at most %d are allowed", ErrLogin, n, maxLoginRunes)
	case strings.ContainsFunc(text, unicode.IsControl):
		return Login{}, fmt.Errorf("%w: the name contains a control character", ErrLogin)
	}
	l := Login{Typed: text, Name: text}
	if domain, name, ok := strings.Cut(text, `\`); ok {
		l.take(name, domain)
	} else if i := strings.LastIndexByte(text, '@'); i >= 0 {
		l.take(text[:i], text[i+1:])
	}
	return l, nil
}

func (l *Login) take(name, domain string) {
	name, domain = strings.TrimSpace(name), strings.TrimSpace(domain)
	if name != "" && domain != "" {
		l.Name, l.Domain = name, domain
	}
}

// names returns what a login may be called in this source: as typed, and
// without the domain if it is this source's or nobody said what that is.
func (c Config) names(l Login) []string {
	own := c.domain()
	if strings.Contains(l.Typed, `\`) {
		own = c.NetBIOS
	}
	switch {
	case l.Domain == "":
		return []string{l.Typed}
	case own == "", strings.EqualFold(l.Domain, c.domain()), strings.EqualFold(l.Domain, c.NetBIOS):
		return []string{l.Typed, l.Name}
	}
	return []string{l.Typed}
}

// domain returns the DNS name of the domain; of kind ad a base tells it too.
func (c Config) domain() string {
	if c.Domain != "" || c.Kind != KindAD || len(c.Bases) == 0 {
		return c.Domain
	}
	dn, err := ldap.ParseDN(c.Bases[0])
	if err != nil {
		return ""
	}
	var labels []string
	for _, rdn := range dn.RDNs {
		if len(rdn.Attributes) == 1 && strings.EqualFold(rdn.Attributes[0].Type, "dc") {
			labels = append(labels, rdn.Attributes[0].Value)
		}
	}
	return strings.Join(labels, ".")
}
