// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/group"
	"jamibox/enroll/store"
)

func newDirectory(b *enrolltest.Box, live Live) *Directory {
	return New(b.Store, group.New(b.Store, b.Audit), live, b.Logger)
}

func addPerson(t testing.TB, b *enrolltest.Box, name, first, last, rest string) store.User {
	t.Helper()
	return b.AddUser(t, name, func(u *store.User) {
		u.FirstName, u.LastName = first, last
		u.SearchText = account.SearchText(append([]string{name, first, last}, strings.Split(rest, "\n")...)...)
	})
}

func usernames(page Page) []string {
	names := []string{}
	for _, p := range page.People {
		names = append(names, p.User.Username)
	}
	return names
}

func TestSearch(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	d := newDirectory(b, nil)
	ctx := t.Context()
	addPerson(t, b, "bob", "Bob", "Tester", "bob@example.org\n+33 1 23")
	addPerson(t, b, "bobby", "Robert", "Té", "R&D 100% a_b")
	addPerson(t, b, "zoë", "Zoë", "Müller-Straße", "")
	for _, name := range []string{"bob.disabled", "bob.revoked"} {
		addPerson(t, b, name, "Bob", "Te", "")
	}
	accounts := map[string]func(store.User) error{
		"bob.disabled": func(u store.User) error { return b.Store.SetUserState(ctx, u.ID, store.UserDisabled) },
		"bob.revoked":  func(u store.User) error { return b.Store.RevokeUser(ctx, u, 0, u.CreatedAt) },
	}
	for name, end := range accounts {
		u, err := b.Store.UserByName(ctx, name)
		require.NoError(t, err)
		require.NoError(t, end(u))
	}
	for raw, want := range map[string][]string{
		"bob": {"bob", "bobby"}, "BOB": {"bob", "bobby"}, "bob te": {"bob", "bobby"}, "bob+te": {"bob", "bobby"}, "bob%20te": {"bob", "bobby"},
		"te bob": {"bob", "bobby"}, "bob tester": {"bob"}, "tester+bob": {"bob"}, "Zoë": {"zoë"}, "Zo%C3%AB": {"zoë"}, "zoe": {"zoë"}, "ZOE\u0308": {"zoë"},
		"strasse": {"zoë"}, "muller": {"zoë"}, "té": {"bob", "bobby"}, "R&D": {"bobby"}, "R%26D": {"bobby"}, "100%": {"bobby"}, "100%25": {"bobby"},
		"+33": {"bob"}, "%2B33": {"bob"}, "33+1": {"bob"}, "bob@example": {"bob"}, "%": {"bobby"}, "_": {"bobby"}, "a_b": {"bobby"},
		"*": {"bob", "bobby", "zoë"}, "%2A": {"bob", "bobby", "zoë"}, "nobody": {}, "": {}, " ": {}, "\x00": {}, "%00": {}, "a%00%": {},
		"' OR 1=1 --": {}, "b_b": {}, "disabled": {}, "revoked": {},
	} {
		page, err := d.Search(ctx, store.User{}, ParseQuery(raw), 0, true)
		require.NoError(t, err, raw)
		require.Equal(t, want, usernames(page), "%q", raw)
		require.Equal(t, 1, page.Pages)
		for _, p := range page.People {
			require.Len(t, p.User.AccountID, 40, "clients fail without an id")
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err := d.Search(cancelled, store.User{}, ParseQuery("bob"), 0, false)
	require.ErrorIs(t, err, context.Canceled)
}

func TestPages(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	d := newDirectory(b, nil)
	for i := range 2*PageSize + 1 {
		addPerson(t, b, fmt.Sprintf("user%03d", i), "", "", "")
	}
	for _, c := range []struct{ page, people int }{{0, PageSize}, {1, PageSize}, {2, 1}, {3, 0}, {999_999, 0}} {
		page, err := d.Search(t.Context(), store.User{}, ParseQuery("*"), c.page, true)
		require.NoError(t, err)
		require.Len(t, page.People, c.people)
		require.Equal(t, 3, page.Pages)
		if c.people > 0 {
			require.Equal(t, fmt.Sprintf("user%03d", c.page*PageSize), page.People[0].User.Username)
		}
	}
	page, err := d.Search(t.Context(), store.User{}, ParseQuery("user"), 0, false)
	require.NoError(t, err)
	require.Len(t, page.People, PageSize)
	require.Equal(t, 1, page.Pages, "not asked for")
}

func TestPictures(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	alice, _ := addPerson(t, b, "alice", "", "", ""), addPerson(t, b, "alina", "", "", "")
	require.NoError(t, b.Store.UpdateProfile(t.Context(), alice, []byte("portrait")))
	page, err := newDirectory(b, nil).Search(t.Context(), store.User{}, ParseQuery("al"), 0, false)
	require.NoError(t, err)
	require.Equal(t, []string{"alice", "alina"}, usernames(page))
	require.Equal(t, []byte("portrait"), page.People[0].Picture)
	require.Nil(t, page.People[1].Picture)
}
