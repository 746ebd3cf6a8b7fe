// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	d "jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/seal"
)

func TestAdd(t *testing.T) {
	f := newFixture(t)
	good := ldapConfig("ldap://127.0.0.1:1")
	s := f.add(t, " Corp ", good, "secret")
	require.Equal(t, "Corp", s.Name)
	require.Equal(t, 2, s.Position)
	require.True(t, s.HasPassword)
	require.NotEmpty(t, s.Warnings, "passwords go over a plain connection")
	row, err := f.box.Store.SourceByName(t.Context(), "corp")
	require.NoError(t, err)
	require.False(t, bytes.Contains(row.SealedPassword, []byte("secret")))

	for name, c := range map[string]struct {
		source NewSource
		err    error
		words  string
	}{
		"error/taken":            {NewSource{Name: "CORP", Config: good, BindPassword: "x"}, ErrTaken, "corp"},
		"error/local":            {NewSource{Name: "x", Config: source.Config{Kind: source.KindLocal}}, ErrLocal, ""},
		"error/name of local":    {NewSource{Name: "Local", Config: good, BindPassword: "x"}, ErrTaken, ""},
		"error/no name":          {NewSource{Name: "  ", Config: good}, ErrInvalid, "name"},
		"error/slash":            {NewSource{Name: "a/b", Config: good}, ErrInvalid, "letters"},
		"error/dots":             {NewSource{Name: "..", Config: good}, ErrInvalid, "letters"},
		"error/long":             {NewSource{Name: strings.Repeat("x", 65), Config: good}, ErrInvalid, "64"},
		"error/no kind":          {NewSource{Name: "x"}, ErrInvalid, "kind"},
		"error/no password":      {NewSource{Name: "x", Config: good}, ErrInvalid, "password"},
		"error/two problems":     {NewSource{Name: "x", Config: source.Config{Kind: source.KindLDAP, Scope: "all"}}, ErrInvalid, "scope"},
		"error/starttls, ldaps:": {NewSource{Name: "x", Config: source.Config{Kind: source.KindLDAP, URLs: []string{"ldaps://h"}, TLS: "starttls"}}, ErrInvalid, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Add(t.Context(), c.source)
			require.ErrorIs(t, err, c.err)
			require.Contains(t, strings.ToLower(err.Error()), c.words)
		})
	}
	list, err := f.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 2)
}

func TestUpdate(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice")})
	f.add(t, "a", ldapConfig("ldap://127.0.0.1:1"), "secret")
	f.add(t, "b", ldapConfig(server.URL()), d.ReaderPassword)
	_, err := f.login(t, "alice@example.test", d.Password)
	require.NoError(t, err)
	before := f.Directories()
	require.Len(t, before, 2)

	first := 1
	_, err = f.Update(ctx, "B", Change{Position: &first})
	require.NoError(t, err)
	after := f.Directories()
	require.Equal(t, []string{"b", "a"}, []string{after[0].Name, after[1].Name})
	require.Same(t, before[1].Client, after[0].Client, "a move closes no connections")
	require.NotNil(t, f.state(t, "b").LastLogin, "and forgets nothing")

	c := ldapConfig(server.URL())
	c.Organization = "Example"
	s, err := f.Update(ctx, "a", Change{Config: &c})
	require.NoError(t, err)
	require.Equal(t, "Example", s.Config.Organization)
	require.True(t, s.HasPassword, "the password stays")
	none := ""
	_, err = f.Update(ctx, "a", Change{BindPassword: &none})
	require.ErrorIs(t, err, ErrInvalid, "the service account needs one")
	c.BindDN = ""
	s, err = f.Update(ctx, "a", Change{Config: &c, BindPassword: &none})
	require.NoError(t, err)
	require.False(t, s.HasPassword)

	disabled := false
	s, err = f.Update(ctx, "b", Change{Enabled: &disabled})
	require.NoError(t, err)
	require.Equal(t, StateDisabled, s.State)
	require.Len(t, f.Directories(), 1)

	bad := source.Config{Kind: source.KindLDAP}
	ad := source.Config{Kind: source.KindAD, Domain: "ad.test"}
	for name, change := range map[string]struct {
		source string
		change Change
		err    error
	}{
		"error/invalid":        {"a", Change{Config: &bad}, ErrInvalid},
		"error/kind":           {"a", Change{Config: &ad}, ErrInvalid},
		"error/local settings": {"local", Change{Config: &c}, ErrLocal},
		"error/local password": {"local", Change{BindPassword: &none}, ErrLocal},
		"error/unknown":        {"c", Change{}, ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Update(t.Context(), change.source, change.change)
			require.ErrorIs(t, err, change.err)
		})
	}
	s, err = f.Update(ctx, "local", Change{Enabled: &disabled})
	require.NoError(t, err)
	require.Equal(t, StateDisabled, s.State)
	require.ErrorIs(t, f.Remove(ctx, "local", true), ErrLocal)
	require.ErrorIs(t, f.Remove(ctx, "c", true), ErrNotFound)
	require.NoError(t, f.Remove(ctx, "a", false), "nobody belongs to it")
}

// A password that was sealed with another key is no reason not to start.
func TestForeignKey(t *testing.T) {
	f := newFixture(t)
	f.add(t, "corp", ldapConfig("ldap://127.0.0.1:1"), "secret")
	other, err := seal.New(bytes.Repeat([]byte{9}, seal.KeySize))
	require.NoError(t, err)
	r := New(f.box.Store, other, f.box.Audit, f.logger)
	require.NoError(t, r.Load(t.Context()))
	s, err := r.Get(t.Context(), "corp")
	require.NoError(t, err)
	require.Equal(t, StateDown, s.State)
	require.Contains(t, s.LastError, "bind password")
	require.Empty(t, r.Directories())
	require.NoError(t, r.Close())
}

func TestCheck(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	ip := d.IP(t)
	authority := d.NewAuthority(t, "Example CA")
	credentials := authority.Issue(t, []string{ip}, nil)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice", "mail", "a@example.test"), IP: ip, Credentials: &credentials})
	c := ldapConfig(server.URLS())
	c.TLS, c.AllowPlaintextBind = source.TLSLDAPS, false
	password := d.ReaderPassword

	report, err := f.Check(ctx, Trial{Config: &c, BindPassword: &password})
	require.NoError(t, err)
	require.False(t, report.OK, "nobody knows its CA")
	chain, err := f.FetchChain(ctx, c)
	require.NoError(t, err)
	require.Contains(t, chain[0].Names, ip)
	c.Pins = []string{chain[0].Pin}
	report, err = f.Check(ctx, Trial{Config: &c, BindPassword: &password, Login: "alice", Password: d.Password})
	require.NoError(t, err)
	require.True(t, report.OK, "%+v", report.Checks)
	require.True(t, report.Login.OK)
	require.Equal(t, 1, report.Users)
	require.Equal(t, "alice", report.Sample.Person.Username)

	f.add(t, "corp", c, d.ReaderPassword)
	report, err = f.Check(ctx, Trial{Source: "corp", Login: "alice", Password: "wrong"})
	require.NoError(t, err)
	require.NotNil(t, report.Login, "the stored password let it come that far")
	require.False(t, report.Login.OK)
	wrong := "wrong"
	report, err = f.Check(ctx, Trial{Source: "corp", BindPassword: &wrong})
	require.NoError(t, err)
	require.False(t, report.OK)
	_, err = f.login(t, "alice", d.Password)
	require.NoError(t, err, "a test changes nothing")

	_, err = f.Check(ctx, Trial{Source: "nobody"})
	require.ErrorIs(t, err, ErrNotFound)
	_, err = f.Check(ctx, Trial{Source: "local"})
	require.ErrorIs(t, err, ErrLocal)
	_, err = f.FetchChain(ctx, source.Config{Kind: source.KindLDAP, URLs: []string{"ldaps://127.0.0.1:1"}})
	require.ErrorIs(t, err, ErrNoCertificates)
}
