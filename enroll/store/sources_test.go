// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func addSource(t testing.TB, s *Store, name string) Source {
	t.Helper()
	src := Source{
		Name: name, Folded: name, Kind: "ldap", Enabled: true, Config: "{}", SealedPassword: []byte("sealed"),
		CreatedAt: start, ChangedAt: start,
	}
	require.NoError(t, s.AddSource(t.Context(), &src))
	return src
}

// addUserOf makes a user of a source who has the name as external id too.
func addUserOf(t testing.TB, s *Store, src Source, name string) User {
	t.Helper()
	u, a := newUser(name)
	u.SourceID, u.ExternalID = &src.ID, "id-"+name
	require.NoError(t, s.CreateUser(t.Context(), u, a, nil))
	return *u
}

func TestSources(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	order := func() (names []string) {
		rows, err := s.Sources(ctx)
		require.NoError(t, err)
		for i, row := range rows {
			require.Equal(t, i+1, row.Position, row.Name)
			names = append(names, row.Name)
		}
		return names
	}
	a, b := addSource(t, s, "a"), addSource(t, s, "b")
	require.ErrorIs(t, s.AddSource(ctx, &Source{Name: "A", Folded: "a", CreatedAt: start, ChangedAt: start}), ErrExists)
	require.Equal(t, []string{"local", "a", "b"}, order())
	for _, step := range []struct {
		id       int64
		position int
		want     []string
	}{
		{b.ID, 1, []string{"b", "local", "a"}},
		{b.ID, 2, []string{"local", "b", "a"}},
		{b.ID, 99, []string{"local", "a", "b"}},
		{a.ID, -1, []string{"a", "local", "b"}},
		{a.ID, 1, []string{"a", "local", "b"}},
	} {
		require.NoError(t, s.MoveSource(ctx, step.id, step.position))
		require.Equal(t, step.want, order())
	}
	require.ErrorIs(t, s.MoveSource(ctx, 99, 1), ErrNotFound)
	require.Equal(t, []string{"a", "local", "b"}, order())

	a.Enabled, a.Config, a.SealedPassword = false, `{"kind":"ad"}`, nil
	require.NoError(t, s.UpdateSource(ctx, a))
	got, err := s.SourceByName(ctx, "a")
	require.NoError(t, err)
	require.False(t, got.Enabled)
	require.Equal(t, `{"kind":"ad"}`, got.Config)
	require.Nil(t, got.SealedPassword)
	require.ErrorIs(t, s.UpdateSource(ctx, Source{ID: 99}), ErrNotFound)
}

func TestUsersOfASource(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	a, b := addSource(t, s, "a"), addSource(t, s, "b")
	alice := addUserOf(t, s, a, "alice")
	local := addUser(t, s, "local user")

	u, account := newUser("alice2")
	u.SourceID, u.ExternalID = &a.ID, alice.ExternalID
	require.ErrorIs(t, s.CreateUser(ctx, u, account, nil), ErrExists, "the source has an account for her")
	other, account := newUser("alice at b")
	other.SourceID, other.ExternalID = &b.ID, alice.ExternalID
	require.NoError(t, s.CreateUser(ctx, other, account, nil), "ids of two sources are apart")

	got, err := s.UserBySource(ctx, a.ID, alice.ExternalID)
	require.NoError(t, err)
	require.Equal(t, alice.ID, got.ID)
	_, err = s.UserBySource(ctx, a.ID, "")
	require.ErrorIs(t, err, ErrNotFound)
	counts, err := s.CountUsersBySource(ctx)
	require.NoError(t, err)
	require.Equal(t, map[int64]int{0: 1, a.ID: 1, b.ID: 1}, counts)

	_, err = s.ReleasedUser(ctx, alice.ExternalID)
	require.ErrorIs(t, err, ErrNotFound)
	laptop := enrol(t, s, alice, "laptop", "laptop", start)
	_, err = s.BarUser(ctx, alice.ID, "disabled in the directory", start)
	require.NoError(t, err)
	require.NoError(t, s.RemoveSource(ctx, a.ID))
	require.ErrorIs(t, s.RemoveSource(ctx, a.ID), ErrNotFound)
	released, err := s.ReleasedUser(ctx, alice.ExternalID)
	require.NoError(t, err)
	require.Equal(t, alice.ID, released.ID)
	device, err := s.DeviceByRow(ctx, laptop.Device.ID)
	require.NoError(t, err)
	require.Nil(t, device.RevokedAt, "devices are left alone")
	require.False(t, released.Served())
	require.NoError(t, s.SetUserState(ctx, alice.ID, UserActive))
	released, err = s.UserByID(ctx, alice.ID)
	require.NoError(t, err)
	require.True(t, released.Served(), "no source is left that could lift it")

	c := addSource(t, s, "c")
	require.NoError(t, s.ClaimUser(ctx, alice.ID, c.ID))
	require.ErrorIs(t, s.ClaimUser(ctx, alice.ID, b.ID), ErrNotFound, "somebody was faster")
	require.NoError(t, s.SetPasswordHash(ctx, local.ID, "hash"))
	require.ErrorIs(t, s.ClaimUser(ctx, local.ID, c.ID), ErrNotFound, "a user of this box")
	require.Equal(t, 3, count(t, path, "users"))
}

func TestRenameUser(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	src := addSource(t, s, "a")
	alice, bob := addUserOf(t, s, src, "alice"), addUserOf(t, s, src, "bob")
	rename := func(u User, name string) error { return s.RenameUser(ctx, u.ID, name, name, name) }
	require.ErrorIs(t, rename(alice, "bob"), ErrExists)
	require.NoError(t, rename(alice, "alicia"))
	require.ErrorIs(t, rename(bob, "alice"), ErrExists, "a former name is its user's for ever")
	u, a := newUser("alice")
	require.ErrorIs(t, s.CreateUser(ctx, u, a, nil), ErrExists)
	taken, err := s.NameTaken(ctx, "alice", alice.ID)
	require.NoError(t, err)
	require.False(t, taken, "but not taken for herself")
	require.NoError(t, rename(alice, "alice"), "back again")
	require.Equal(t, 1, count(t, path, "former_names"))
	require.NoError(t, rename(alice, "alice"), "no change")
	require.Equal(t, 1, count(t, path, "former_names"))
	got, err := s.UserByName(ctx, "alice")
	require.NoError(t, err)
	require.Equal(t, alice.AccountID, got.AccountID)
	require.ErrorIs(t, s.RenameUser(ctx, 99, "x", "x", "x"), ErrNotFound)
}

func TestBarUser(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	alice := addUserOf(t, s, addSource(t, s, "a"), "alice")
	laptop := enrol(t, s, alice, "laptop", "laptop", start)
	require.NoError(t, s.AddToken(ctx, Token{TokenHash: []byte("t"), UserID: alice.ID, DeviceRow: &laptop.Device.ID, ExpiresAt: start}))
	fresh, err := s.BarUser(ctx, alice.ID, "disabled", start)
	require.NoError(t, err)
	require.True(t, fresh)
	require.Zero(t, count(t, path, "tokens"))
	fresh, err = s.BarUser(ctx, alice.ID, "vanished", start.Add(time.Hour))
	require.NoError(t, err)
	require.False(t, fresh)
	got, err := s.UserByID(ctx, alice.ID)
	require.NoError(t, err)
	require.True(t, start.Equal(*got.BarredAt), "the first time counts")
	require.Equal(t, "vanished", got.BarredReason)
	require.False(t, got.Served())
	require.Equal(t, UserActive, got.State, "what an administrator said is apart")

	barred, err := s.BarredDevices(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{laptop.Device.DeviceID}, barred)
	d, c := newDevice(alice, "phone", "phone", start)
	_, err = s.EnrolDevice(ctx, d, c)
	require.ErrorIs(t, err, ErrInactiveUser)
	users, err := s.Users(ctx, UserQuery{Unbarred: true, Limit: 5})
	require.NoError(t, err)
	require.Empty(t, users)

	lifted, err := s.UnbarUser(ctx, alice.ID)
	require.NoError(t, err)
	require.True(t, lifted)
	lifted, err = s.UnbarUser(ctx, alice.ID)
	require.NoError(t, err)
	require.False(t, lifted)
	_, err = s.EnrolDevice(ctx, d, c)
	require.NoError(t, err)
	_, err = s.BarUser(ctx, 99, "x", start)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestSetPicture(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	alice := addUser(t, s, "alice")
	origin, err := s.PictureOrigin(ctx, alice.ID)
	require.NoError(t, err)
	require.Nil(t, origin)
	require.NoError(t, s.SetPicture(ctx, alice.ID, []byte("small"), []byte("sum")))
	origin, err = s.PictureOrigin(ctx, alice.ID)
	require.NoError(t, err)
	require.Equal(t, "sum", string(origin))
	require.NoError(t, s.SetPicture(ctx, alice.ID, nil, []byte("broken")))
	data, err := s.PictureOf(ctx, alice.ID)
	require.NoError(t, err)
	require.Empty(t, data)
	require.NoError(t, s.SetPicture(ctx, alice.ID, nil, nil))
	require.Zero(t, count(t, path, "pictures"))
}
