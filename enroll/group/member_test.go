// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
)

func TestMembers(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	alice := f.AddUser(t, "alice", nil)
	f.person(t, "bob")
	carol := f.person(t, "carol")
	f.group(t, "staff", Change{}, "ALICE", "alice", "bob")
	f.group(t, "others", Change{})
	require.NoError(t, f.Map(ctx, "staff", "CORP", "staff"))
	f.synced(t, "1", "bob", "carol", "somebody without an account")

	members, total, err := f.Members(ctx, "staff", 0, 10)
	require.NoError(t, err)
	require.Equal(t, 3, total)
	got := map[string]bool{}
	for _, m := range members {
		got[m.Username] = m.ByHand
	}
	require.Equal(t, map[string]bool{"alice": true, "bob": true, "carol": false}, got)
	page, total, err := f.Members(ctx, "staff", 2, 10)
	require.NoError(t, err)
	require.Equal(t, 3, total)
	require.Len(t, page, 1)
	require.Equal(t, carol.ID, page[0].ID)
	staff, err := f.Get(ctx, "staff")
	require.NoError(t, err)
	require.Equal(t, 3, staff.Members, "nobody counts twice")

	for _, id := range []int64{alice.ID, carol.ID} {
		groups, err := f.Of(ctx, id)
		require.NoError(t, err)
		require.Equal(t, []string{"staff"}, groups)
	}
	require.NoError(t, f.RemoveMember(ctx, "staff", "bob"))
	_, total, err = f.Members(ctx, "staff", 0, 10)
	require.NoError(t, err)
	require.Equal(t, 3, total, "the directory still says that bob is in it")
	require.ErrorIs(t, f.RemoveMember(ctx, "staff", "carol"), ErrNotMember)
	require.ErrorIs(t, f.RemoveMember(ctx, "others", "alice"), ErrNotMember)
	require.ErrorIs(t, f.AddMember(ctx, "staff", "nobody"), account.ErrNotFound)
	require.ErrorIs(t, f.AddMember(ctx, "nobody", "alice"), ErrNotFound)
	_, _, err = f.Members(ctx, "nobody", 0, 10)
	require.ErrorIs(t, err, ErrNotFound)

	require.NoError(t, f.Store.RemoveSource(ctx, f.source.ID))
	_, total, err = f.Members(ctx, "staff", 0, 10)
	require.NoError(t, err)
	require.Equal(t, 1, total, "only alice was put into it")
}

func TestMappings(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.group(t, "staff", Change{})
	for name, c := range map[string]struct {
		source, text string
		want         error
		words        string
	}{
		"name":                 {"corp", " STAFF ", nil, ""},
		"key":                  {"Corp", "3", nil, ""},
		"DN":                   {"corp", "CN=team, OU=a, DC=Example", nil, ""},
		"DN written otherwise": {"corp", `CN=Doe\, Jane \28*),ou=b,dc=example`, nil, ""},
		"two of that name":     {"corp", "team", ErrInvalid, "cn=Team,ou=a,dc=example; cn=Team,ou=b,dc=example"},
		"nobody":               {"corp", "nobody", ErrInvalid, "synchronisation"},
		"other DN":             {"corp", "cn=staff,dc=example", ErrInvalid, "synchronisation"},
		"empty":                {"corp", "", ErrInvalid, ""},
		"unknown source":       {"other", "staff", ErrInvalid, `"other"`},
	} {
		err := f.Map(ctx, "staff", c.source, c.text)
		require.ErrorIs(t, err, c.want, name)
		if c.want != nil {
			require.ErrorContains(t, err, c.words, name)
		}
	}
	require.NoError(t, f.Map(ctx, "staff", "corp", "staff"), "again")
	require.ErrorIs(t, f.Map(ctx, "nobody", "corp", "staff"), ErrNotFound)
	staff, err := f.Get(ctx, "staff")
	require.NoError(t, err)
	require.Equal(t, []Mapping{
		{"Corp", "4", "Doe, Jane (*)"}, {"Corp", "2", "Team"}, {"Corp", "1", "staff"}, {"Corp", "3", "team"},
	}, staff.Mappings)

	require.ErrorIs(t, f.Unmap(ctx, "staff", "corp", "Team"), ErrInvalid, "two of that name are mapped")
	require.NoError(t, f.Unmap(ctx, "staff", "corp", "cn=Team,ou=a,dc=example"))
	require.ErrorIs(t, f.Unmap(ctx, "staff", "corp", "cn=Team,ou=a,dc=example"), ErrNotMember)
	require.NoError(t, f.Unmap(ctx, "staff", "corp", "Team"), "one is left")
	// The directory has lost the group; what it was called is enough.
	require.NoError(t, f.Store.ChangeDirectoryGroups(ctx, f.source.ID, nil, []string{"1"}))
	require.NoError(t, f.Unmap(ctx, "staff", "corp", "Staff"))
	require.ErrorIs(t, f.Unmap(ctx, "staff", "corp", "Staff"), ErrInvalid)
}
