// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll"
	"jamibox/enroll/admin"
	d "jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/sources"
)

func TestSourceCommands(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o600))
		return path
	}
	ip := d.IP(t)
	authority := d.NewAuthority(t, "Corp CA")
	credentials := authority.Issue(t, []string{ip}, nil)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice", "mail", "a@example.test") + d.Person("bob"), IP: ip, Credentials: &credentials})
	reader, right, wrong := file("reader", d.ReaderPassword), file("right", d.Password), file("wrong", "wrong")
	add := func(more ...string) []string {
		return append([]string{"source", "add", "corp", "--kind", "ldap", "--preset", "openldap", "--url", server.URL(),
			"--base", d.People, "--bind-dn", d.Reader}, more...)
	}

	requireFailure(t, b.run(t, add("--bind-password-file", reader)...), 1, "nothing was saved")
	requireFailure(t, b.run(t, add("--bind-password-file", reader, "--tls", "sometimes")...), 1, "tls")
	requireFailure(t, b.run(t, add("--bind-password-file", reader, "--map", "phone")...), 2, "field=attribute")
	requireFailure(t, b.run(t, add("--bind-password-file", reader, "--map", "fax=f")...), 2, "fax")
	chain := b.run(t, "source", "fetch-certificate", "--kind", "ldap", "--url", server.URL())
	require.Zero(t, chain.code, chain.stderr)
	require.Contains(t, chain.stdout, ip)
	var links []ldapclient.ChainLink
	b.runJSON(t, &links, "source", "fetch-certificate", "--kind", "ldap", "--url", server.URLS())
	var s sources.Source
	b.runJSON(t, &s, add("--bind-password-file", reader, "--pin", links[0].Pin, "--map", "phone=telephoneNumber,homePhone")...)
	require.Equal(t, []string{links[0].Pin}, s.Config.Pins)
	require.Equal(t, []string{"telephoneNumber", "homePhone"}, s.Config.Mapping.Phone)
	require.True(t, s.HasPassword)

	s = sources.Source{} // what is not there must not seem to be
	b.runJSON(t, &s, "source", "set", "corp", "--ca-file", file("ca.pem", authority.PEM()), "--pin", "", "--timeout", "7s", "--map", "phone=")
	require.Empty(t, s.Config.Pins)
	require.NotEmpty(t, s.Config.CA)
	require.Empty(t, s.Config.Mapping.Phone)
	require.Equal(t, []string{d.People}, s.Config.Bases, "what was not named stays")
	requireFailure(t, b.run(t, "source", "set", "corp", "--base", "ou=nowhere,"+d.Base), 1, "nothing was saved")
	requireFailure(t, b.run(t, "source", "set", "corp"), 2, "nothing to change")
	requireFailure(t, b.run(t, "source", "set", "local", "--base", "x"), 1, "this box itself")

	got := b.run(t, "source", "test", "corp", "--user", "alice", "--password-file", right)
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "a@example.test")
	requireFailure(t, b.run(t, "source", "test", "corp", "--user", "alice", "--password-file", wrong), 1, "")
	var report ldapclient.Report
	b.runJSON(t, &report, "source", "test", "corp")
	require.Equal(t, 2, report.Users)

	b.runJSON(t, &s, "source", "move", "corp", "1")
	require.Equal(t, 1, s.Position)
	requireFailure(t, b.run(t, "source", "move", "corp", "first"), 2, "number")
	b.runJSON(t, &s, "source", "disable", "CORP")
	require.Equal(t, "disabled", s.State)
	b.runJSON(t, &s, "source", "enable", "corp")
	var list []sources.Source
	b.runJSON(t, &list, "source", "list")
	require.Equal(t, []string{"corp", "local"}, []string{list[0].Name, list[1].Name})

	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(b.run(t, "tls", "root").stdout)))
	client := appliancetest.NewClient(t, b.url, roots)
	login := func(user, password string) int {
		return client.Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic(user, password)).Status
	}
	require.Equal(t, 401, login("bob", "wrong"))
	trace := b.run(t, "source", "trace", "bob")
	require.Zero(t, trace.code)
	require.Contains(t, trace.stdout, "uid=bob,"+d.People)
	require.Contains(t, trace.stdout, "refused")
	require.Contains(t, b.run(t, "source", "trace", "nobody").stdout, "no such login")
	require.Equal(t, 200, login("bob", d.Password))
	var bob admin.User
	b.runJSON(t, &bob, "user", "show", "bob")
	require.Equal(t, "corp", bob.Source)
	requireFailure(t, b.run(t, "user", "passwd", "bob", "--password-file", b.passwordFile), 1, "directory")

	server.Kill()
	require.Equal(t, 503, login("bob@example.test", "x"))
	var status enroll.Status
	result := b.run(t, "status")
	require.Equal(t, 1, result.code, "a directory is down")
	require.Contains(t, result.stdout, "corp")
	require.NoError(t, json.Unmarshal([]byte(b.run(t, "status", "--json").stdout), &status))
	require.Equal(t, "degraded", status.Overall)
	require.Equal(t, "down", status.Sources[0].State)

	requireFailure(t, b.run(t, "source", "remove", "corp"), 1, "1 users belong")
	require.Zero(t, b.run(t, "source", "remove", "corp", "--release").code)
	requireFailure(t, b.run(t, "source", "show", "corp"), 1, "no such source")
	requireFailure(t, b.run(t, "source", "remove", "local"), 1, "this box itself")
	require.Zero(t, b.run(t, "status").code)
}
