// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	d "jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/sync"
)

func TestSourceSyncCommands(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice") + d.Person("bob")})
	reader := filepath.Join(t.TempDir(), "reader")
	require.NoError(t, os.WriteFile(reader, []byte(d.ReaderPassword), 0o600))

	var settings sync.Settings
	b.runJSON(t, &settings, "source", "sync-settings", "--interval", "7d", "--alarm-accounts", "5", "--alarm-percent", "20")
	require.Equal(t, []any{"7d", "7d", 5, 20}, []any{settings.Interval.String(), settings.Grace.String(), settings.AlarmAccounts, settings.AlarmPercent})
	require.Contains(t, b.run(t, "source", "sync-settings").stdout, "more than 5")
	requireFailure(t, b.run(t, "source", "sync-settings", "--interval", "1s"), 1, "interval: 1s")

	// Without accounts ahead, so that what is waited for stays the same.
	got := b.run(t, "source", "add", "corp", "--kind", "ldap", "--preset", "openldap", "--url", server.URL(), "--tls", "none",
		"--allow-plaintext-bind", "--base", d.People, "--bind-dn", d.Reader, "--bind-password-file", reader, "--accounts", "login")
	require.Zero(t, got.code, got.stderr)
	requireFailure(t, b.run(t, "source", "sync", "nobody"), 1, "no directory of that name")
	requireFailure(t, b.run(t, "source", "sync", "local"), 1, "no directory of that name")
	requireFailure(t, b.run(t, "source", "sync", "corp", "--show", "--accept"), 2, "")

	// The source is synchronised by itself, since it is new; the settings have
	// the box look at once.
	b.runJSON(t, &settings, "source", "sync-settings", "--grace", "1d")
	require.Eventually(t, func() bool {
		var answer struct{ State sync.State }
		b.runJSON(t, &answer, "source", "sync", "corp", "--show")
		return answer.State.GoodAt != nil && !answer.State.Running
	}, time.Minute, 50*time.Millisecond)
	var r sync.Report
	b.runJSON(t, &r, "source", "sync", "CORP")
	require.Equal(t, []any{sync.Done, 2, 2}, []any{r.Outcome, r.People, r.Unchanged})

	require.NoError(t, server.Connect(t).Del(ldap.NewDelRequest(d.DN("uid", "bob", d.People), nil)))
	got = b.run(t, "source", "sync", "corp", "--dry-run")
	require.Zero(t, got.code, got.stderr)
	require.Regexp(t, `people +1: 0 new, 0 changed, 1 unchanged, 0 unusable, 1 missing`, got.stdout)
	require.Contains(t, got.stdout, "would have")
	got = b.run(t, "source", "sync", "corp", "--show")
	require.Zero(t, got.code, got.stderr)
	require.Regexp(t, `people +2`, got.stdout, "a dry run changes nothing")
	require.Contains(t, got.stdout, "done (dry)")
	require.Regexp(t, `corp +2 +2 +\S+ \S+ +\S+ \S+ +done`, b.run(t, "status").stdout)

	server.Kill()
	requireFailure(t, b.run(t, "source", "sync", "corp"), 1, "the synchronisation is incomplete")
}
