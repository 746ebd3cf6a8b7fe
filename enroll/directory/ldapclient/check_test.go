// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

func stepNames(r Report) []string {
	var names []string
	for _, s := range r.Checks {
		name := s.Name
		if !s.OK {
			name += "!"
		}
		names = append(names, name)
	}
	return names
}

func TestCheck(t *testing.T) {
	t.Parallel()
	root := directorytest.NewAuthority(t, "Root")
	ip := directorytest.IP(t)
	credentials := root.Issue(t, []string{ip, "ldap.example.test"}, nil)
	s := directorytest.StartSlapd(t, directorytest.SlapdOptions{
		IP: ip, Credentials: &credentials, WithPolicy: true,
		LDIF: directorytest.Policy("default") + directorytest.Person("alice", "givenName", "Alice", "displayName", "Alice A.") + directorytest.Person("bob", "pwdReset", "TRUE"),
	})
	addGroups(t, s)
	secure := func() source.Config {
		cfg := openLDAP(s.URLS())
		cfg.TLS, cfg.AllowPlaintextBind, cfg.CA = "", false, root.PEM()
		return cfg
	}
	check := func(t *testing.T, edit func(*source.Config), login, password string) Report {
		t.Helper()
		cfg := secure()
		if edit != nil {
			edit(&cfg)
		}
		service := directorytest.ReaderPassword
		if cfg.BindDN == "" {
			service = ""
		}
		c := newClient(t, cfg, service, Options{Resolver: hosts{"ldap.example.test": {ip}}})
		r := c.Check(t.Context(), login, password)
		shown, err := json.Marshal(r)
		require.NoError(t, err)
		require.NotContains(t, string(shown), directorytest.ReaderPassword)
		if password != "" {
			require.NotContains(t, string(shown), password)
		}
		return r
	}
	t.Run("everything works", func(t *testing.T) {
		r := check(t, func(c *source.Config) { c.URLs = []string{strings.Replace(s.URLS(), ip, "ldap.example.test", 1)} }, "alice", directorytest.Password)
		require.True(t, r.OK, "%+v", r.Checks)
		require.Equal(t, []string{"resolve", "connect", "bind", "base", "people", "sample", "groups", "login"}, stepNames(r))
		require.Equal(t, "OpenLDAP", r.Make)
		require.Equal(t, 2, r.Users)
		require.Equal(t, []string{"ldap.example.test", ip}, r.Chain[0].Names)
		require.Equal(t, source.Pin(credentials.Certificate), r.Chain[0].Pin)
		require.Equal(t, "Alice A.", r.Sample.Person.DisplayName)
		require.ElementsMatch(t, []string{"leaf", "middle", "top", "dangling"}, r.Sample.Groups)
		require.True(t, r.Login.OK)
		require.Equal(t, "may log in", r.Login.Reason)
		require.Equal(t, []string{directorytest.People}, r.Bases)
	})
	t.Run("one of two servers is down", func(t *testing.T) {
		r := check(t, func(c *source.Config) { c.URLs = append([]string{"ldaps://" + directorytest.IP(t) + ":1"}, c.URLs...) }, "", "")
		require.True(t, r.OK)
		require.Equal(t, []string{"resolve", "connect!", "resolve", "connect", "bind", "base", "people", "sample", "groups"}, stepNames(r))
	})
	for _, tt := range []struct {
		name, login, password string
		edit                  func(*source.Config)
		steps, words          string
	}{
		{"unknown host", "", "", func(c *source.Config) { c.URLs = []string{"ldaps://gone.example.test"} }, "resolve!", "is not known to this machine's DNS"},
		{"nothing listens", "", "", func(c *source.Config) { c.URLs = []string{"ldap://" + ip + ":1"} }, "resolve connect!", "nothing listens there"},
		{"other CA", "", "", func(c *source.Config) { c.CA = directorytest.NewAuthority(t, "Other").PEM() }, "resolve connect!", "signed by CN=Root"},
		{"service account", "", "", func(c *source.Config) { c.BindDN = personDN("alice") }, "resolve connect bind!", "code 49"},
		{"plaintext", "", "", func(c *source.Config) { c.URLs, c.TLS = []string{s.URL()}, source.TLSNone }, "resolve connect bind!", "no password is sent"},
		{"base", "", "", func(c *source.Config) { c.Bases = []string{"ou=peple," + directorytest.Base} }, "resolve connect bind base!", "there is no such base"},
		{"nobody", "", "", func(c *source.Config) { c.UsersFilter = "(uid=x*)" }, "resolve connect bind base people!", "nobody is there"},
		{"id not readable", "", "", func(c *source.Config) { c.Mapping.ID = []string{"employeeNumber"} }, "resolve connect bind base people sample!", "employeeNumber"},
		{"login unknown", "eve", "guess it", nil, "resolve connect bind base people sample groups login!", "unknown to the directory"},
		{"login wrong", "alice", "guess it", nil, "resolve connect bind base people sample groups login!", "wrong password"},
		{"login must change", "bob", directorytest.Password, nil, "resolve connect bind base people sample groups login!", "has to be changed"},
		{"login must change, no password", "bob", "", nil, "resolve connect bind base people sample groups login!", "pwdReset"},
		{"login is none", "a\x00b", "guess it", nil, "resolve connect bind base people sample groups login!", "control character"},
	} {
		t.Run("error/"+tt.name, func(t *testing.T) {
			cfg := tt.edit
			r := check(t, cfg, tt.login, tt.password)
			require.False(t, r.OK)
			require.Equal(t, tt.steps, strings.Join(stepNames(r), " "))
			require.Contains(t, r.Checks[len(r.Checks)-1].Advice, tt.words)
		})
	}
	t.Run("look up without a password", func(t *testing.T) {
		r := check(t, nil, "alice", "")
		require.True(t, r.OK)
		require.Contains(t, r.Login.Reason, "no password was tried")
		require.Equal(t, "Alice", r.Login.Sample.Person.FirstName)
	})
}
