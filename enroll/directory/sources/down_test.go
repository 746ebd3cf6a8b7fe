// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
	d "jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

// A directory that is down says nothing about a password, and the others go on.
func TestSourceIsDown(t *testing.T) {
	f := newFixture(t)
	first := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice")})
	second := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("bob")})
	c := ldapConfig(first.URL())
	c.Timeout, c.ConnectTimeout = source.Duration(3*time.Second), source.Duration(3*time.Second)
	f.add(t, "first", c, d.ReaderPassword)
	f.add(t, "second", ldapConfig(second.URL()), d.ReaderPassword)
	_, err := f.login(t, "alice", d.Password)
	require.NoError(t, err)

	for name, stop := range map[string]struct{ stop, start func() }{
		"hangs":        {func() { first.Pause(t) }, func() { first.Resume(t) }},
		"does not run": {first.Kill, func() { first.Start(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			stop.stop()
			f.pass(2 * acceptedFor)
			began := time.Now()
			bob, err := f.login(t, "bob@example.test", d.Password)
			require.NoError(t, err, "he may be known to either")
			require.Equal(t, "bob", bob.Username)
			require.Less(t, time.Since(began), 30*time.Second, "no longer than the time limits of the dead one")
			require.Equal(t, StateDown, f.state(t, "first").State)
			require.NotEmpty(t, f.state(t, "first").LastError)

			for range 5 {
				_, err = f.login(t, "alice", d.Password)
				require.ErrorIs(t, err, account.ErrUnavailable)
				require.NotErrorIs(t, err, account.ErrCredentials)
			}
			require.True(t, slices.ContainsFunc(f.Traces("alice", 5), func(l LoginTrace) bool {
				return strings.Contains(l.Asked[0].Steps[0].Result, "left alone")
			}), "nobody waits for it again")
			_, err = f.login(t, "nobody", d.Password)
			require.ErrorIs(t, err, account.ErrUnavailable, "it might know this one")
			_, err = f.login(t, "bob", "wrong")
			require.ErrorIs(t, err, account.ErrCredentials, "he is known to be the other one's")

			stop.start()
			require.Eventually(t, func() bool { f.probe(context.Background()); return f.state(t, "first").State == StateUp },
				20*time.Second, 50*time.Millisecond)
			alice, err := f.login(t, "alice", d.Password)
			require.NoError(t, err)
			require.Equal(t, "alice", alice.Username)
		})
	}
	require.Contains(t, f.log.String(), `msg="source is up again" source=first`)
}

func TestServiceAccountIsRefused(t *testing.T) {
	f := newFixture(t)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice")})
	f.add(t, "corp", ldapConfig(server.URL()), "not the password")
	_, err := f.login(t, "alice", d.Password)
	require.ErrorIs(t, err, account.ErrUnavailable, "it is the source's fault, not hers")
	state := f.state(t, "corp")
	require.Equal(t, StateDown, state.State)
	require.NotContains(t, state.LastError, "not the password")
	right := d.ReaderPassword
	_, err = f.Update(t.Context(), "corp", Change{BindPassword: &right})
	require.NoError(t, err)
	require.Equal(t, StateUnknown, f.state(t, "corp").State)
	_, err = f.login(t, "alice", d.Password)
	require.NoError(t, err, "at once")
}

func TestRunProbes(t *testing.T) {
	f := newFixture(t)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice")})
	f.add(t, "up", ldapConfig(server.URL()), d.ReaderPassword)
	dead := ldapConfig("ldap://127.0.0.1:1")
	f.add(t, "dead", dead, d.ReaderPassword)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	require.Eventually(t, func() bool {
		return f.state(t, "up").State == StateUp && f.state(t, "dead").State == StateDown
	}, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, StateUp, f.state(t, "local").State)
	cancel()
	require.NoError(t, <-done)
}
