// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
	"jamibox/enroll/group"
	"jamibox/enroll/store"
)

// fixture is a service with groups that give policies to people.
type fixture struct {
	*Service
	*enrolltest.Box
	groups *group.Service
}

func newFixture(t testing.TB) fixture {
	t.Helper()
	s, b := newService(t)
	return fixture{s, b, group.New(b.Store, b.Audit)}
}

// policy makes a policy.
func (f fixture) policy(t testing.TB, name string, priority int, settings map[string]string) {
	t.Helper()
	given := texts(settings)
	_, err := f.Create(t.Context(), Change{Name: &name, Priority: &priority, Settings: &given})
	require.NoError(t, err)
}

// group makes a group that gives a policy, "" for none, to users.
func (f fixture) group(t testing.TB, name, policy string, users ...store.User) {
	t.Helper()
	_, err := f.groups.Create(t.Context(), group.Change{Name: &name, Policy: &policy})
	require.NoError(t, err)
	for _, u := range users {
		require.NoError(t, f.groups.AddMember(t.Context(), name, u.Username))
	}
}

// person adds a user of a directory, which says that the user is in a group of
// its own, and maps that to a group here.
func (f fixture) person(t testing.TB, name, mapped string) store.User {
	t.Helper()
	ctx, now := t.Context(), time.Now().UTC()
	source := store.Source{Name: "corp", Folded: "corp", Kind: "ldap", Enabled: true, Config: "{}", CreatedAt: now, ChangedAt: now}
	require.NoError(t, f.Store.AddSource(ctx, &source))
	require.NoError(t, f.Store.ChangeDirectoryGroups(ctx, source.ID, []store.DirectoryGroup{
		{SourceID: source.ID, GroupKey: "key", DN: "cn=there,dc=example", Name: "there"},
	}, nil))
	u := f.AddUser(t, name, func(u *store.User) { u.SourceID, u.ExternalID = &source.ID, "id of "+name })
	require.NoError(t, f.Store.ChangeEntriesInGroup(ctx, source.ID, "key", []string{u.ExternalID}, nil))
	require.NoError(t, f.groups.Map(ctx, mapped, "corp", "there"))
	return u
}

// sent returns what a laptop of a user is sent.
func (f fixture) sent(t testing.TB, u store.User) map[string]string {
	t.Helper()
	settings, err := f.For(t.Context(), u.ID, "laptop")
	require.NoError(t, err)
	return settings
}
