// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

type fixture struct {
	*enrolltest.Box
	*Service
	source store.Source
}

// newFixture returns groups over a box with a directory that has seen the groups
// staff (with the key 1), two called Team (2 and 3) and one with a comma (4).
func newFixture(t *testing.T) fixture {
	t.Helper()
	b := enrolltest.NewEmpty(t)
	f := fixture{b, New(b.Store, b.Audit), store.Source{
		Name: "Corp", Folded: "corp", Kind: "ldap", Enabled: true, Config: "{}", CreatedAt: time.Now(), ChangedAt: time.Now(),
	}}
	require.NoError(t, b.Store.AddSource(t.Context(), &f.source))
	require.NoError(t, b.Store.ChangeDirectoryGroups(t.Context(), f.source.ID, []store.DirectoryGroup{
		{SourceID: f.source.ID, GroupKey: "1", DN: "cn=staff,ou=groups,dc=example", Name: "staff"},
		{SourceID: f.source.ID, GroupKey: "2", DN: "cn=Team,ou=a,dc=example", Name: "Team"},
		{SourceID: f.source.ID, GroupKey: "3", DN: "cn=Team,ou=b,dc=example", Name: "team"},
		{SourceID: f.source.ID, GroupKey: "4", DN: `cn=Doe\2C Jane (*),ou=b,dc=example`, Name: "Doe, Jane (*)"},
	}, nil))
	return f
}

// person adds a user who comes from the directory.
func (f fixture) person(t *testing.T, name string) store.User {
	t.Helper()
	return f.AddUser(t, name, func(u *store.User) { u.SourceID, u.ExternalID = &f.source.ID, "id of "+name })
}

// synced has the directory say who is in one of its groups.
func (f fixture) synced(t *testing.T, key string, names ...string) {
	t.Helper()
	ids := make([]string, len(names))
	for i, n := range names {
		ids[i] = "id of " + n
	}
	require.NoError(t, f.Store.ChangeEntriesInGroup(t.Context(), f.source.ID, key, ids, nil))
}

// group makes a group, with members by hand.
func (f fixture) group(t *testing.T, name string, c Change, members ...string) Group {
	t.Helper()
	c.Name = &name
	g, err := f.Create(t.Context(), c)
	require.NoError(t, err)
	for _, m := range members {
		require.NoError(t, f.AddMember(t.Context(), name, m))
	}
	return g
}
