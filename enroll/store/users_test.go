// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCreateUserAllOrNothing(t *testing.T) {
	for name, edit := range map[string]func(*User, *Account){
		"name taken":       func(u *User, _ *Account) { u.Folded = "alice" },
		"Jami id taken":    func(u *User, _ *Account) { u.AccountID = hexID("alice", 40) },
		"serial taken":     func(_ *User, a *Account) { a.Serial = hexID("alice", 32) },
		"Jami id missing":  func(u *User, _ *Account) { u.AccountID = "" },
		"key missing":      func(_ *User, a *Account) { a.SealedKey = nil },
		"certificate gone": func(_ *User, a *Account) { a.Certificate = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s, path := open(t)
			addUser(t, s, "alice")
			u, a := newUser("bob")
			edit(u, &a)
			err := s.CreateUser(t.Context(), u, a, []byte("picture"))
			require.Error(t, err)
			if strings.HasSuffix(name, "taken") {
				require.ErrorIs(t, err, ErrExists)
			}
			require.Equal(t, 1, count(t, path, "users"))
			require.Equal(t, 1, count(t, path, "accounts"))
			require.Zero(t, count(t, path, "pictures"))

			u, a = newUser("bob")
			require.NoError(t, s.CreateUser(t.Context(), u, a, []byte("picture")))
			require.Equal(t, 1, count(t, path, "pictures"))
		})
	}
}

func TestSearchIsLiteral(t *testing.T) {
	s, path := open(t)
	texts := map[string]string{
		"percent": "100% sure", "underscore": "a_b", "backslash": `c\d`, "quotes": `o'hara "joe"`,
		"sql": "robert'); drop table users;--", "plain": "axb cd 100 sure", "accent": "zoe", "emoji": "🦆 duck", "question": "a?b $1 :name @p",
	}
	for name, text := range texts {
		u, a := newUser(name)
		u.SearchText = text
		require.NoError(t, s.CreateUser(t.Context(), u, a, nil))
	}
	for word, want := range map[string][]string{
		"%": {"percent"}, "100%": {"percent"}, "_": {"underscore"}, "a_b": {"underscore"}, `\`: {"backslash"}, `c\d`: {"backslash"},
		`\%`: nil, `\_`: nil, `\\`: nil, "'": {"quotes", "sql"}, `"`: {"quotes"}, "'); drop table users;--": {"sql"}, "' OR 1=1 --": nil,
		"🦆": {"emoji"}, "?": {"question"}, "$1": {"question"}, ":name": {"question"}, "@p": {"question"}, "[a-z]": nil, "*": nil,
		"100": {"percent", "plain"},
	} {
		users, err := s.Users(t.Context(), UserQuery{AnyOf: [][]string{{word}}, Limit: 50})
		require.NoError(t, err, word)
		var got []string
		for _, u := range users {
			got = append(got, u.Username)
		}
		require.Equal(t, want, got, word)
		n, err := s.CountUsers(t.Context(), UserQuery{AnyOf: [][]string{{word}}})
		require.NoError(t, err)
		require.Equal(t, len(want), n, word)
	}
	require.Equal(t, len(texts), count(t, path, "users"))
	for _, name := range []string{"' OR 1=1 --", "%", "a' UNION SELECT * FROM users --"} {
		_, err := s.UserByName(t.Context(), name)
		require.ErrorIs(t, err, ErrNotFound)
	}
}

func TestUsersCombines(t *testing.T) {
	s, _ := open(t)
	for _, name := range []string{"d anna", "c anna berg", "b berg", "a anna berg"} {
		addUser(t, s, name)
	}
	gone, err := s.UserByName(t.Context(), "a anna berg")
	require.NoError(t, err)
	require.NoError(t, s.SetUserState(t.Context(), gone.ID, UserDisabled))
	active := []UserState{UserActive}
	for name, c := range map[string]struct {
		query UserQuery
		want  []string
		total int
	}{
		"all":               {UserQuery{Limit: 9}, []string{"a anna berg", "b berg", "c anna berg", "d anna"}, 4},
		"all active":        {UserQuery{States: active, Limit: 9}, []string{"b berg", "c anna berg", "d anna"}, 3},
		"both words":        {UserQuery{AnyOf: [][]string{{"berg", "anna"}}, States: active, Limit: 9}, []string{"c anna berg"}, 1},
		"either reading":    {UserQuery{AnyOf: [][]string{{"b berg"}, {"d"}}, States: active, Limit: 9}, []string{"b berg", "d anna"}, 2},
		"readings of words": {UserQuery{AnyOf: [][]string{{"anna", "berg"}, {"d", "anna"}}, States: active, Limit: 9}, []string{"c anna berg", "d anna"}, 2},
		"state and either":  {UserQuery{AnyOf: [][]string{{"a"}, {"b"}}, States: []UserState{UserDisabled}, Limit: 9}, []string{"a anna berg"}, 1},
		"second page":       {UserQuery{States: active, Offset: 2, Limit: 2}, []string{"d anna"}, 3},
		"past the end":      {UserQuery{Offset: 50_000_000, Limit: 50}, nil, 4},
	} {
		t.Run(name, func(t *testing.T) {
			users, err := s.Users(t.Context(), c.query)
			require.NoError(t, err)
			var got []string
			for _, u := range users {
				got = append(got, u.Username)
			}
			require.Equal(t, c.want, got)
			n, err := s.CountUsers(t.Context(), c.query)
			require.NoError(t, err)
			require.Equal(t, c.total, n)
		})
	}
}

func TestUpdateProfilePicture(t *testing.T) {
	s, _ := open(t)
	alice := addUser(t, s, "alice")
	for _, step := range []struct {
		name          string
		picture, want []byte
	}{
		{"set", []byte("one"), []byte("one")}, {"keep", nil, []byte("one")}, {"replace", []byte("two"), []byte("two")},
		{"remove", []byte{}, nil}, {"keep none", nil, nil},
	} {
		alice.FirstName = step.name
		require.NoError(t, s.UpdateProfile(t.Context(), alice, step.picture))
		got, err := s.PictureOf(t.Context(), alice.ID)
		require.NoError(t, err)
		require.Equal(t, step.want, got, step.name)
		stored, err := s.UserByID(t.Context(), alice.ID)
		require.NoError(t, err)
		require.Equal(t, step.name, stored.FirstName)
	}
	pictures, err := s.Pictures(t.Context(), []int64{alice.ID, 99})
	require.NoError(t, err)
	require.Empty(t, pictures)
	_, err = s.Pictures(t.Context(), nil)
	require.NoError(t, err)
	require.ErrorIs(t, s.UpdateProfile(t.Context(), User{ID: 99}, []byte("x")), ErrNotFound)
}

func TestUserStates(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	alice, bob := addUser(t, s, "alice"), addUser(t, s, "bob")
	laptop := enrol(t, s, alice, "laptop", "laptop", start)
	tokens := func(want int) {
		t.Helper()
		require.Equal(t, want, count(t, path, "tokens"))
	}
	give := func() {
		require.NoError(t, s.AddToken(ctx, Token{TokenHash: []byte("user"), UserID: alice.ID, ExpiresAt: start}))
		require.NoError(t, s.AddToken(ctx, Token{TokenHash: []byte("device"), UserID: alice.ID, DeviceRow: &laptop.Device.ID, ExpiresAt: start}))
	}
	require.NoError(t, s.AddToken(ctx, Token{TokenHash: []byte("bob's"), UserID: bob.ID, ExpiresAt: start}))
	give()
	require.NoError(t, s.SetPasswordHash(ctx, alice.ID, "hash"))
	tokens(2) // of scope USER only
	require.ErrorIs(t, s.SetPasswordHash(ctx, 99, "hash"), ErrNotFound)
	require.NoError(t, s.SetUserState(ctx, alice.ID, UserDisabled))
	tokens(1)
	barred, err := s.BarredDevices(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{laptop.Device.DeviceID}, barred)
	require.NoError(t, s.SetUserState(ctx, alice.ID, UserActive))
	barred, err = s.BarredDevices(ctx)
	require.NoError(t, err)
	require.Empty(t, barred)
	give()
	require.NoError(t, s.RevokeUser(ctx, alice, 4, start.Add(time.Hour)))
	tokens(1)
	require.NoError(t, s.RevokeUser(ctx, alice, 1, start.Add(2*time.Hour)))
	require.ErrorIs(t, s.SetUserState(ctx, alice.ID, UserActive), ErrNotFound)
	require.ErrorIs(t, s.SetUserState(ctx, alice.ID, UserDisabled), ErrNotFound)
	tokens(1)

	device, err := s.DeviceByRow(ctx, laptop.Device.ID)
	require.NoError(t, err)
	require.True(t, start.Add(time.Hour).Equal(*device.RevokedAt), "the first revocation counts")
	require.Equal(t, 4, device.RevocationReason)
	accounts, err := s.RevokedAccounts(ctx)
	require.NoError(t, err)
	require.Len(t, accounts, 1)
	require.True(t, start.Add(time.Hour).Equal(*accounts[0].RevokedAt))
}
