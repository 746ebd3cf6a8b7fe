// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"slices"
	"strings"
	"time"
)

const (
	defaultConnectTimeout = Duration(5 * time.Second)
	defaultTimeout        = Duration(10 * time.Second)
	defaultPageSize       = 500
	defaultSizeLimit      = 200
	defaultConnections    = 3
)

// WithDefaults returns the configuration with what is empty filled in, from
// the preset first. It changes nothing that is given, right or wrong.
func (c Config) WithDefaults() Config {
	if c.Kind == KindLocal {
		return c
	}
	p, known := presetNamed(c.presetName())
	if !known {
		p, _ = presetNamed("")
	}
	d := p.config
	if c.Kind == "" {
		c.Kind = d.Kind
	}
	c.TLS = orDefault(c.TLS, c.impliedTLS())
	c.MinTLS = orDefault(c.MinTLS, "1.2")
	c.Scope = orDefault(c.Scope, ScopeSub)
	c.Login = orDefault(c.Login, LoginSearch)
	if c.presetName() == "" && c.Filter != "" {
		c.UsersFilter = orDefault(c.UsersFilter, anyLogin(c.Filter))
	}
	c.UsersFilter = orDefault(c.UsersFilter, d.UsersFilter)
	c.Filter = orDefault(c.Filter, d.Filter)
	c.GroupFilter = orDefault(c.GroupFilter, d.GroupFilter)
	c.Membership = orDefault(c.Membership, d.Membership)
	c.Mapping = c.Mapping.or(d.Mapping)
	c.ConnectTimeout = orDefault(c.ConnectTimeout, defaultConnectTimeout)
	c.Timeout = orDefault(c.Timeout, defaultTimeout)
	c.PageSize = orDefault(c.PageSize, defaultPageSize)
	c.SizeLimit = orDefault(c.SizeLimit, defaultSizeLimit)
	c.Connections = orDefault(c.Connections, defaultConnections)
	c.Accounts = orDefault(c.Accounts, AccountsAhead)
	return c
}

func orDefault[T comparable](given, otherwise T) T {
	var zero T
	if given == zero {
		return otherwise
	}
	return given
}

func (c Config) presetName() string {
	if c.Preset == "" && c.Kind == KindAD {
		return presetAD
	}
	return c.Preset
}

func (c Config) impliedTLS() string {
	isLDAPS := func(u string) bool { return hasScheme(u, "ldaps") }
	if len(c.URLs) > 0 && slices.ContainsFunc(c.URLs, isLDAPS) {
		return TLSLDAPS
	}
	return TLSStartTLS
}

func hasScheme(address, scheme string) bool {
	return len(address) > len(scheme) && strings.EqualFold(address[:len(scheme)+1], scheme+":")
}

func (m Mapping) or(d Mapping) Mapping {
	fields, defaults := m.fields(), d.fields()
	for i, f := range fields {
		if len(*f.attributes) == 0 {
			*f.attributes = slices.Clone(*defaults[i].attributes)
		}
	}
	return m
}

type mappedField struct {
	name       string
	attributes *[]string
}

// fields lists the data with their names in the API; those of m itself, so
// that writing to them changes m.
func (m *Mapping) fields() []mappedField {
	return []mappedField{
		{"id", &m.ID}, {"username", &m.Username}, {"first_name", &m.FirstName}, {"last_name", &m.LastName},
		{"display_name", &m.DisplayName}, {"email", &m.Email}, {"phone", &m.Phone}, {"mobile", &m.Mobile},
		{"organization", &m.Organization}, {"department", &m.Department}, {"title", &m.Title}, {"picture", &m.Picture},
	}
}
