// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // what pictures in a directory may be
	_ "image/jpeg"
	_ "image/png"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/text/unicode/norm"
)

// ErrEntry tells that an entry cannot stand for a person; the text says why.
var ErrEntry = errors.New("unusable entry")

const (
	maxTextRunes    = 200
	maxValues       = 20
	maxPictureBytes = 3 << 20
)

// Person is what an entry says about somebody.
type Person struct {
	// ExternalID is stable: renaming and moving leave it as it is.
	ExternalID string `json:"external_id"`
	DN         string `json:"dn"`
	Username   string `json:"username"`
	// Logins are all names the person may log in with, Username the first.
	Logins       []string `json:"logins,omitempty"`
	FirstName    string   `json:"first_name,omitempty"`
	LastName     string   `json:"last_name,omitempty"`
	DisplayName  string   `json:"display_name,omitempty"`
	Emails       []string `json:"emails,omitempty"`
	Phones       []string `json:"phones,omitempty"`
	Organization string   `json:"organization,omitempty"`
	Department   string   `json:"department,omitempty"`
	Title        string   `json:"title,omitempty"`
	// Picture is a file that begins like one; nil if there is none.
	Picture []byte `json:"picture,omitempty"`
	State   State  `json:"state"`
	// Groups are DNs, or what else the directory gives, of the groups the
	// person is in directly.
	Groups []string `json:"groups,omitempty"`
	// PrimaryGroup is the SID (Active Directory) or number (POSIX) of the
	// group that Groups does not list.
	PrimaryGroup string `json:"primary_group,omitempty"`
}

// Person returns what an entry says. Texts are normalised (NFC) and cut to a
// sensible length, and what is broken in one datum loses only that. The error
// is an ErrEntry: there is no stable id or no login name.
func (c Config) Person(e *ldap.Entry, now time.Time) (Person, error) {
	c = c.WithDefaults()
	m := c.Mapping
	p := Person{
		ExternalID:   c.ID(e),
		DN:           e.DN,
		FirstName:    first(e, m.FirstName),
		LastName:     first(e, m.LastName),
		DisplayName:  first(e, m.DisplayName),
		Emails:       mails(all(e, m.Email)),
		Organization: orDefault(first(e, m.Organization), c.Organization),
		Department:   first(e, m.Department),
		Title:        first(e, m.Title),
		Picture:      picture(e, m.Picture),
		State:        c.State(e, now),
		Groups:       e.GetEqualFoldAttributeValues(attrMemberOf),
		PrimaryGroup: c.primaryGroup(e),
	}
	for _, number := range slices.Concat(all(e, m.Phone), all(e, m.Mobile)) {
		if n := NormalizePhone(number, c.PhonePrefix); n != "" && !slices.Contains(p.Phones, n) {
			p.Phones = append(p.Phones, n)
		}
	}
	p.Username, p.Logins = c.logins(e)
	switch {
	case p.ExternalID == "":
		return p, fmt.Errorf("%w: %s shows no stable id (%s): the service account may not read it, or the mapping is wrong",
			ErrEntry, e.DN, strings.Join(m.ID, ", "))
	case p.Username == "":
		return p, fmt.Errorf("%w: %s shows no login name (%s)", ErrEntry, e.DN, strings.Join(m.Username, ", "))
	}
	return p, nil
}

// logins returns all names of an entry. Of several values of the attribute the
// one in the DN is the username: servers keep no order.
func (c Config) logins(e *ldap.Entry) (username string, names []string) {
	for _, a := range c.Mapping.Username {
		values := texts(e, a)
		if len(values) == 0 {
			continue
		}
		if username == "" {
			username = values[0]
			if own := rdnValue(e.DN, a); slices.Contains(values, own) {
				username = own
			}
		}
		names = append(names, values...)
	}
	if c.Kind == KindAD {
		names = append(names, texts(e, attrUserPrincipalName)...)
	}
	if username != "" {
		names = slices.Insert(names, 0, username)
	}
	return username, unique(names)
}

func rdnValue(text, attribute string) string {
	dn, err := ldap.ParseDN(text)
	if err != nil || len(dn.RDNs) == 0 {
		return ""
	}
	for _, a := range dn.RDNs[0].Attributes {
		if strings.EqualFold(a.Type, attribute) {
			return clean(a.Value)
		}
	}
	return ""
}

func (c Config) primaryGroup(e *ldap.Entry) string {
	if c.Kind != KindAD {
		return clean(e.GetEqualFoldAttributeValue(attrGIDNumber))
	}
	sid := SID(e.GetEqualFoldRawAttributeValue(attrObjectSid))
	rid := clean(e.GetEqualFoldAttributeValue(attrPrimaryGroupID))
	i := strings.LastIndexByte(sid, '-')
	if i < 0 || rid == "" {
		return ""
	}
	return sid[:i+1] + rid
}

func first(e *ldap.Entry, attributes []string) string {
	for _, a := range attributes {
		if values := texts(e, a); len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

func all(e *ldap.Entry, attributes []string) []string {
	var values []string
	for _, a := range attributes {
		values = append(values, texts(e, a)...)
	}
	return values[:min(len(values), maxValues)]
}

// texts returns the values of an attribute that are text.
func texts(e *ldap.Entry, attribute string) []string {
	var values []string
	for _, v := range e.GetEqualFoldAttributeValues(attribute) {
		if v = clean(v); v != "" {
			values = append(values, v)
		}
	}
	return values
}

// clean returns a text as others may show it, "" if it is none.
func clean(text string) string {
	if !utf8.ValidString(text) {
		return ""
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	text = strings.TrimSpace(norm.NFC.String(text))
	if utf8.RuneCountInString(text) > maxTextRunes {
		text = strings.TrimSpace(string([]rune(text)[:maxTextRunes]))
	}
	return text
}

// mails returns addresses without the prefix that proxyAddresses puts before
// them, and without what is no mail address there.
func mails(values []string) []string {
	var addresses []string
	for _, v := range values {
		if kind, address, ok := strings.Cut(v, ":"); ok {
			if !strings.EqualFold(kind, "smtp") {
				continue
			}
			v = address
		}
		addresses = append(addresses, strings.TrimSpace(v))
	}
	return unique(addresses)
}

func unique(values []string) []string {
	var seen []string
	for _, v := range values {
		if v != "" && !slices.ContainsFunc(seen, func(s string) bool { return strings.EqualFold(s, v) }) {
			seen = append(seen, v)
		}
	}
	return seen
}

// picture returns the first value that begins like a picture. Entries hold
// broken and huge ones too.
func picture(e *ldap.Entry, attributes []string) []byte {
	for _, a := range attributes {
		for _, file := range e.GetEqualFoldRawAttributeValues(a) {
			if len(file) == 0 || len(file) > maxPictureBytes {
				continue
			}
			if _, _, err := image.DecodeConfig(bytes.NewReader(file)); err == nil {
				return file
			}
		}
	}
	return nil
}
