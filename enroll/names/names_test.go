// SPDX-License-Identifier: GPL-3.0-or-later

package names

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

func TestNames(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	ctx := t.Context()
	s := New(b.Store, nil)
	ids := make(map[string]string)
	for _, name := range []string{"alice", "zoë", "first.last", "disabled", "revoked"} {
		u := b.AddUser(t, name, func(u *store.User) { u.Username = strings.ToUpper(u.Username) })
		ids[name] = u.AccountID
		switch name {
		case "disabled":
			require.NoError(t, b.Store.SetUserState(ctx, u.ID, store.UserDisabled))
		case "revoked":
			require.NoError(t, b.Store.RevokeUser(ctx, u, 0, time.Now()))
		}
	}
	for name, want := range map[string]string{
		"alice": "alice", "ALICE": "alice", " alice ": "alice", "Zoë": "zoë", "zoe\u0308": "zoë", "first.last": "first.last",
		"disabled": "disabled", "revoked": "revoked", // a client that is told nothing about itself forgets its name
	} {
		got, err := s.ByName(ctx, name)
		require.NoError(t, err, name)
		require.Equal(t, Entry{Name: want, Address: ids[want]}, got)
	}
	for name, id := range ids {
		for _, text := range []string{id, strings.ToUpper(id), "0x" + id, "0X" + strings.ToUpper(id)} {
			got, err := s.ByAddress(ctx, text)
			require.NoError(t, err)
			require.Equal(t, Entry{Name: name, Address: id}, got)
		}
	}
	for name, want := range map[string]error{
		"nobody": ErrNotFound, "zoe": ErrNotFound, "alice@example.org": ErrNotFound, "a/b": ErrNotFound, "' OR 1=1 --": ErrNotFound, "%": ErrNotFound,
		ids["alice"]: ErrNotFound, strings.Repeat("x", maxNameBytes): ErrNotFound,
		"": ErrInvalid, " ": ErrInvalid, "a\x00": ErrInvalid, "a\nb": ErrInvalid, "\xff": ErrInvalid, strings.Repeat("x", maxNameBytes+1): ErrInvalid,
	} {
		_, err := s.ByName(ctx, name)
		require.ErrorIs(t, err, want, "%q", name)
	}
	id := ids["alice"]
	for text, want := range map[string]error{
		strings.Repeat("0", 40): ErrNotFound, "0x" + strings.Repeat("f", 40): ErrNotFound,
		"": ErrInvalid, "alice": ErrInvalid, id[1:]: ErrInvalid, id + "0": ErrInvalid, "x" + id: ErrInvalid, id + "\n": ErrInvalid, " " + id: ErrInvalid,
		"0x0x" + id: ErrInvalid, strings.Repeat("g", 40): ErrInvalid, strings.Repeat("é", 20): ErrInvalid,
	} {
		_, err := s.ByAddress(ctx, text)
		require.ErrorIs(t, err, want, "%q", text)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err := s.ByName(cancelled, "alice")
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrNotFound, "a fault is not an answer")
	_, err = s.ByAddress(cancelled, id)
	require.NotErrorIs(t, err, ErrNotFound)
}
