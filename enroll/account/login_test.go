// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/audit"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

// counted makes every hash of the service pass by a counter, which stands for
// time: hashing is what takes it.
func counted(t *testing.T, s *Service) (count func() int) {
	t.Helper()
	s.hasher.slots = make(chan struct{})
	n := make(chan int)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		hashes := 0
		for {
			select {
			case <-s.hasher.slots:
				hashes++
				s.hasher.slots <- struct{}{}
			case n <- hashes:
				hashes = 0
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() int { return <-n }
}

func TestAuthenticate(t *testing.T) {
	f := newFixture(t)
	var log bytes.Buffer
	f.Service.logger = slog.New(slog.NewTextHandler(&log, nil))
	alice := f.create(t, "Alice")
	for _, name := range []string{"disabled", "revoked"} {
		f.create(t, name)
	}
	require.NoError(t, f.SetEnabled(t.Context(), "disabled", false))
	require.NoError(t, f.Revoke(t.Context(), "revoked", 0))
	foreign := f.AddUser(t, "foreign", func(u *store.User) { u.PasswordHash = "$2a$10$bcrypt" })
	f.AddUser(t, "directory", nil) // without a password of its own
	hashes := counted(t, f.Service)

	for name, c := range map[string]struct {
		login, password string
		hashes          int
		err             error
		reason          string
	}{
		"right":                      {"alice", password, 1, nil, ""},
		"right/case and spaces":      {" ALICE ", password, 1, nil, ""},
		"right/user@domain":          {"alice@example.org", password, 1, nil, ""},
		"right/domain":               {`EXAMPLE\Alice`, password, 1, nil, ""},
		"error/wrong":                {"alice", password + "x", 1, ErrCredentials, "wrong password"},
		"error/case of the password": {"alice", strings.ToUpper(password), 1, ErrCredentials, "wrong password"},
		"error/unknown":              {"nobody", password, 1, ErrCredentials, "unknown user"},
		"error/unknown with domain":  {`A\nobody@example.org`, password, 1, ErrCredentials, "unknown user"},
		"error/no name":              {"", password, 1, ErrCredentials, "unknown user"},
		"error/disabled":             {"disabled", password, 1, ErrCredentials, "user is disabled"},
		"error/disabled and wrong":   {"disabled", "not the password", 1, ErrCredentials, "wrong password"},
		"error/revoked":              {"revoked", password, 1, ErrCredentials, "user is revoked"},
		"error/no password set":      {"directory", password, 1, ErrCredentials, "wrong password"},
		"error/empty password":       {"alice", "", 0, ErrCredentials, "password is empty"},
		"error/empty, none set":      {"directory", "", 0, ErrCredentials, "password is empty"},
		"error/empty, unknown":       {"nobody", "", 0, ErrCredentials, "password is empty"},
		"error/long password":        {"alice", strings.Repeat("x", 1025), 0, ErrCredentials, "password is too long"},
		"error/long, unknown":        {"nobody", strings.Repeat("x", 1025), 0, ErrCredentials, "password is too long"},
		"error/long name":            {strings.Repeat("n", 1<<16), password, 1, ErrCredentials, "unknown user"},
		"error/SQL":                  {"' OR 1=1 --", password, 1, ErrCredentials, "unknown user"},
		"error/NUL":                  {"alice\x00", password, 1, ErrCredentials, "unknown user"},
	} {
		t.Run(name, func(t *testing.T) {
			log.Reset()
			f.Service.remembered = newRemembered()
			ctx := audit.With(t.Context(), audit.Actor{Name: "client", Remote: name})
			user, err := f.Authenticate(ctx, c.login, c.password)
			require.Equal(t, c.hashes, hashes(), "%v", err)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				require.Equal(t, ErrCredentials.Error(), err.Error(), "the answer tells nothing more")
				require.Zero(t, user)
				require.Contains(t, log.String(), c.reason)
				require.Less(t, log.Len(), 1000)
				if c.password != "" {
					require.NotContains(t, log.String(), c.password)
				}
				return
			}
			require.NoError(t, err)
			require.Equal(t, alice.ID, user.ID)
			require.Empty(t, log.String())
		})
	}

	_, err := f.Authenticate(t.Context(), foreign.Username, password)
	require.ErrorIs(t, err, errForeignHash)
	require.NotErrorIs(t, err, ErrCredentials, "it says nothing about the password")
}

func TestAuthenticateFault(t *testing.T) {
	f := newFixture(t)
	f.create(t, "alice")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, login := range []string{"alice", "nobody"} {
		_, err := f.Authenticate(ctx, login, password)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ErrCredentials)
	}
	_, err := f.LoginAdministrator(ctx, "admin", password)
	require.ErrorIs(t, err, context.Canceled)
	_, err = f.Bearer(ctx, "token")
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrToken)
}

// Attempts are counted for the user, however the name is written.
func TestAuthenticateSlowsDown(t *testing.T) {
	f := newFixture(t)
	f.create(t, "alice")
	at := func(remote string) context.Context {
		return audit.With(t.Context(), audit.Actor{Name: "client", Remote: remote})
	}
	for _, login := range []string{"alice", "ALICE ", "alice@example.org", `X\alice`} {
		_, err := f.Authenticate(at("10.0.0.66"), login, "wrong password")
		require.ErrorIs(t, err, ErrCredentials)
	}
	delay := func(remote string) time.Duration {
		f.slow.mu.Lock()
		defer f.slow.mu.Unlock()
		pair, _ := originsOf("alice", remote)
		return f.slow.delay(pair, freeFailures)
	}
	require.Equal(t, 2*firstDelay, delay("10.0.0.66"))
	_, err := f.Authenticate(at("10.0.0.1"), "alice", password)
	require.NoError(t, err)
	require.NotZero(t, delay("10.0.0.66"), "a success elsewhere forgives nothing here")
	require.NoError(t, f.SetPassword(t.Context(), "alice", "another password"))
	require.Zero(t, delay("10.0.0.66"))
	_, err = f.Authenticate(at("10.0.0.66"), "alice", password)
	require.ErrorIs(t, err, ErrCredentials)
	_, err = f.Authenticate(at("10.0.0.66"), "alice", "another password")
	require.NoError(t, err)
	require.Zero(t, delay("10.0.0.66"))
}

func TestAdministrator(t *testing.T) {
	f := newServiceOn(enrolltest.NewEmpty(t))
	ctx := audit.With(t.Context(), anna)
	for name, problem := range map[string]string{"": "name is empty", "a:b": "must not contain"} {
		_, err := f.NewAdministrator(ctx, name, password)
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, problem)
	}
	_, err := f.NewAdministrator(ctx, "anna", "short")
	require.ErrorIs(t, err, ErrInvalid)
	row, err := f.NewAdministrator(ctx, " Anna ", password)
	require.NoError(t, err)
	require.NoError(t, f.Box.Store.SetUp(ctx, row, nil))

	hashes := counted(t, f.Service)
	for _, c := range []struct {
		name, password string
		hashes         int
	}{{"anna", "wrong", 1}, {"nobody", password, 1}, {"anna", "", 0}, {"nobody", "", 0}} {
		_, err := f.LoginAdministrator(ctx, c.name, c.password)
		require.ErrorIs(t, err, ErrCredentials)
		require.Equal(t, c.hashes, hashes())
	}
	token, err := f.LoginAdministrator(ctx, "ANNA", password)
	require.NoError(t, err)
	admin, err := f.Administrator(ctx, token)
	require.NoError(t, err)
	require.Equal(t, "Anna", admin.Name)
	for _, bad := range []string{"", token + "x", token[:len(token)-1], strings.ToUpper(token)} {
		_, err = f.Administrator(ctx, bad)
		require.ErrorIs(t, err, ErrToken)
	}
	f.now = func() time.Time { return time.Now().Add(SessionLifetime + time.Second) }
	_, err = f.Administrator(ctx, token)
	require.ErrorIs(t, err, ErrToken, "ended")
	f.now = time.Now
	require.NoError(t, f.LogoutAdministrator(ctx, token))
	_, err = f.Administrator(ctx, token)
	require.ErrorIs(t, err, ErrToken, "logged out")
	require.Contains(t, f.actions(t), "administrator logged in")
	require.Contains(t, f.actions(t), "administrator login refused")
}
