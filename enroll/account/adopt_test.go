// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

// addSource stores a directory, which nobody asks.
func (f *fixture) addSource(t testing.TB, name string) SourceRef {
	t.Helper()
	row := store.Source{Name: name, Folded: name, Kind: "ldap", Enabled: true, Config: "{}", CreatedAt: time.Now(), ChangedAt: time.Now()}
	require.NoError(t, f.Box.Store.AddSource(t.Context(), &row))
	return SourceRef{ID: row.ID, Name: name}
}

func person(name string) source.Person {
	return source.Person{
		ExternalID: "id-" + name, DN: "uid=" + name, Username: name, FirstName: "First", LastName: "Last",
		Emails: []string{name + "@example.test", "other@example.test"}, Phones: []string{"+3312345", "+3367890"},
	}
}

func TestAdopt(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	corp, other := f.addSource(t, "corp"), f.addSource(t, "other")
	f.create(t, "lucy")

	p := person(" Zoe\u0308 ")
	p.Picture = picture(t, "png", 300, 200)
	zoe, err := f.Adopt(ctx, corp, p)
	require.NoError(t, err)
	require.Equal(t, "Zoë", zoe.Username)
	require.Empty(t, zoe.PasswordHash)
	require.Equal(t, []string{p.Emails[0], "+3312345", "+3367890"}, []string{zoe.Email, zoe.Phone, zoe.Mobile})
	for _, text := range []string{"zoe", "first", "last", "other@example.test", "3367890"} {
		require.Contains(t, zoe.SearchText, text)
	}
	small, err := f.Box.Store.PictureOf(ctx, zoe.ID)
	require.NoError(t, err)
	require.NotEmpty(t, small)
	_, err = f.Signer(ctx, zoe)
	require.NoError(t, err, "the account can sign devices")

	p.Username, p.LastName, p.Emails, p.Picture = "zoe.b", "Better", nil, nil
	again, err := f.Adopt(ctx, corp, p)
	require.NoError(t, err)
	require.Equal(t, zoe.AccountID, again.AccountID)
	stored, err := f.Find(ctx, "ZOE.B")
	require.NoError(t, err)
	stored.CreatedAt, stored.ChangedAt = again.CreatedAt, again.ChangedAt
	require.Equal(t, again, stored)
	require.Equal(t, "Better", stored.LastName)
	require.Empty(t, stored.Email, "what the directory does not have any more")
	small, err = f.Box.Store.PictureOf(ctx, zoe.ID)
	require.NoError(t, err)
	require.Empty(t, small)
	_, err = f.Find(ctx, "zoë")
	require.ErrorIs(t, err, ErrNotFound)

	for name, c := range map[string]struct {
		from     SourceRef
		username string
		err      error
	}{
		"error/user kept here":         {corp, "LUCY", ErrTaken},
		"error/another source's user":  {other, "zoe.b", ErrTaken},
		"error/former name":            {other, "Zoë", ErrTaken},
		"error/name nobody can have":   {corp, "a@b", ErrInvalid},
		"error/looks like a Jami id":   {corp, strings.Repeat("a", 40), ErrInvalid},
		"error/invisible":              {corp, "a\u200bb", ErrInvalid},
		"error/longer than names get":  {corp, strings.Repeat("x", 65), ErrInvalid},
		"error/empty once it's folded": {corp, " \t", ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			bad := person(c.username)
			_, err := f.Adopt(t.Context(), c.from, bad)
			require.ErrorIs(t, err, c.err)
		})
	}
	n, err := f.Box.Store.CountUsers(ctx, store.UserQuery{})
	require.NoError(t, err)
	require.Equal(t, 2, n)

	// Who has an account keeps it, and the old name, when the new one cannot be had.
	for _, name := range []string{"lucy", "a:b"} {
		p.Username, p.Title = name, "Captain of "+name
		kept, err := f.Adopt(ctx, corp, p)
		require.NoError(t, err)
		require.Equal(t, "zoe.b", kept.Username)
		require.Equal(t, p.Title, kept.Title)
		require.Contains(t, kept.SearchText, "zoe.b")
	}
	p.Username = "Zoë"
	back, err := f.Adopt(ctx, corp, p)
	require.NoError(t, err, "her own former name")
	require.Equal(t, "Zoë", back.Username)
}

// A broken picture costs the picture, not the person, and is unpacked once.
func TestAdoptBrokenPicture(t *testing.T) {
	f := newFixture(t)
	corp := f.addSource(t, "corp")
	p := person("alice")
	p.Picture = append(picture(t, "png", 300, 200)[:60], "broken"...)
	for range 2 {
		alice, err := f.Adopt(t.Context(), corp, p)
		require.NoError(t, err)
		small, err := f.Box.Store.PictureOf(t.Context(), alice.ID)
		require.NoError(t, err)
		require.Empty(t, small)
		origin, err := f.Box.Store.PictureOrigin(t.Context(), alice.ID)
		require.NoError(t, err)
		require.NotEmpty(t, origin)
	}
	p.Picture = picture(t, "jpeg", 30, 30)
	alice, err := f.Adopt(t.Context(), corp, p)
	require.NoError(t, err)
	small, err := f.Box.Store.PictureOf(t.Context(), alice.ID)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(small, []byte{0xff, 0xd8}))
}

// Several devices of a person enrol at once for the first time.
func TestAdoptAtOnce(t *testing.T) {
	f := newFixture(t)
	corp := f.addSource(t, "corp")
	users := make([]store.User, 6)
	errs := make([]error, len(users))
	var group sync.WaitGroup
	for i := range users {
		group.Go(func() { users[i], errs[i] = f.Adopt(t.Context(), corp, person("alice")) })
	}
	group.Wait()
	for i := range users {
		require.NoError(t, errs[i])
		require.Equal(t, users[0].AccountID, users[i].AccountID)
	}
}

// answers is a directory whose every login ends the same.
type answers struct {
	refs   []SourceRef
	person source.Person
	err    error
	ended  string
	asked  []int64
}

func (a *answers) Begin(string, string) Attempt { a.asked = nil; return a }
func (a *answers) Sources() []SourceRef         { return a.refs }
func (a *answers) End(verdict string)           { a.ended = verdict }
func (a *answers) Ask(_ context.Context, id int64, _ string) (source.Person, error) {
	a.asked = append(a.asked, id)
	return a.person, a.err
}

func TestAuthenticateBySource(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	corp := f.addSource(t, "corp")
	a := &answers{refs: []SourceRef{{Name: "local", Local: true}, corp}, person: person("alice")}
	f.UseSources(a)
	f.create(t, "lucy")

	alice, err := f.Authenticate(ctx, "anything", password)
	require.NoError(t, err)
	require.Equal(t, "alice", alice.Username)
	require.Equal(t, "let in as user alice", a.ended)
	_, err = f.Authenticate(ctx, "lucy", password)
	require.NoError(t, err)
	require.Empty(t, a.asked, "the password of a user kept here goes nowhere")
	_, err = f.Authenticate(ctx, "lucy", "wrong password")
	require.ErrorIs(t, err, ErrCredentials)
	require.Empty(t, a.asked)

	require.NoError(t, f.SetEnabled(ctx, "alice", false))
	_, err = f.Authenticate(ctx, "alice", password)
	require.ErrorIs(t, err, ErrCredentials)
	require.Equal(t, "refused: user is disabled", a.ended)
	require.NoError(t, f.SetEnabled(ctx, "alice", true))
	_, err = f.BarUser(ctx, alice.ID, "vanished from corp")
	require.NoError(t, err)
	_, err = f.Authenticate(ctx, "alice", password)
	require.ErrorIs(t, err, ErrCredentials)
	require.Equal(t, "refused: user is barred: vanished from corp", a.ended)

	a.err = fmt.Errorf("%w: no route to host", ErrUnavailable)
	_, err = f.Authenticate(ctx, "somebody", password)
	require.ErrorIs(t, err, ErrUnavailable)
	require.Equal(t, ErrUnavailable, err, "the person is told nothing more")
	require.Contains(t, a.ended, "no route")
	for range 10 {
		_, err = f.Authenticate(ctx, "somebody", password)
		require.ErrorIs(t, err, ErrUnavailable, "nobody is slowed down for it")
	}
	a.err = errors.New("a fault")
	_, err = f.Authenticate(ctx, "somebody", password)
	require.ErrorIs(t, err, a.err)
	require.NotErrorIs(t, err, ErrCredentials)
}
