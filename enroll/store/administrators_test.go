// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSetUpOnce(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	admin := Administrator{Name: "Anna", Folded: "anna", PasswordHash: "h", CreatedAt: start}
	require.NoError(t, s.SetUp(ctx, admin, map[string][]byte{"a": []byte("1"), "b": []byte("2")}))
	err := s.SetUp(ctx, Administrator{Name: "Eve", Folded: "eve", CreatedAt: start}, map[string][]byte{"a": []byte("evil"), "c": []byte("3")})
	require.ErrorIs(t, err, ErrExists)
	require.Equal(t, 1, count(t, path, "administrators"))
	require.Equal(t, 2, count(t, path, "settings"))
	value, err := s.Setting(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, []byte("1"), value)
	require.NoError(t, s.SetSetting(ctx, "a", []byte("new")))
	value, err = s.Setting(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, []byte("new"), value)
}

func TestAdministratorSessions(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	require.NoError(t, s.SetUp(ctx, Administrator{Name: "Anna", Folded: "anna", CreatedAt: start}, nil))
	anna, err := s.Administrator(ctx, "anna")
	require.NoError(t, err)
	now := time.Now()
	add := func(hash string, ends time.Time) {
		require.NoError(t, s.AddAdministratorSession(ctx, AdministratorSession{TokenHash: []byte(hash), AdministratorID: anna.ID, CreatedAt: now, ExpiresAt: ends}))
	}
	add("ended", now.Add(-time.Second))
	add("alive", now.Add(time.Hour))
	require.Equal(t, 1, count(t, path, "administrator_sessions"), "ended ones are dropped")
	got, err := s.AdministratorOf(ctx, []byte("alive"), now)
	require.NoError(t, err)
	require.Equal(t, anna, got)
	_, err = s.AdministratorOf(ctx, []byte("alive"), now.Add(time.Hour))
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, s.DeleteAdministratorSession(ctx, []byte("alive")))
	require.NoError(t, s.DeleteAdministratorSession(ctx, []byte("alive")))
	_, err = s.AdministratorOf(ctx, []byte("alive"), now)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestAudit(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	require.NoError(t, s.PruneAudit(ctx, 3), "an empty table")
	for i := range 5 {
		require.NoError(t, s.AppendAudit(ctx, AuditEntry{At: start, Actor: "admin:anna", Action: fmt.Sprint(i)}))
	}
	require.NoError(t, s.PruneAudit(ctx, 3))
	entries, err := s.Audit(ctx, 2)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Equal(t, "4", entries[0].Action)
	entries, err = s.Audit(ctx, 10)
	require.NoError(t, err)
	require.Len(t, entries, 3)
}

func TestTokens(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	alice := addUser(t, s, "alice")
	require.NoError(t, s.AddToken(ctx, Token{TokenHash: []byte("h"), UserID: alice.ID, Scope: "DEVICE", ExpiresAt: start}))
	token, err := s.Token(ctx, []byte("h"))
	require.NoError(t, err)
	require.False(t, token.ConversationsSeen)
	require.NoError(t, s.MarkConversationsSeen(ctx, []byte("h")))
	token, err = s.Token(ctx, []byte("h"))
	require.NoError(t, err)
	require.True(t, token.ConversationsSeen)
	_, err = s.Token(ctx, []byte("H"))
	require.ErrorIs(t, err, ErrNotFound)
}
