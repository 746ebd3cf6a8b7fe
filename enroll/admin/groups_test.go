// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/account"
	"jamibox/enroll/admin"
	"jamibox/enroll/store"
)

// addDirectory stores the directory corp as a synchronisation would have: with
// the group staff, dora in it, and hans who has no account.
func (a *api) addDirectory(t testing.TB) {
	t.Helper()
	s := a.box.Box.Store()
	now := time.Now().UTC()
	source := store.Source{Name: "Corp", Folded: "corp", Kind: "ldap", Config: `{"kind":"ldap"}`, CreatedAt: now, ChangedAt: now}
	require.NoError(t, s.AddSource(t.Context(), &source))
	require.NoError(t, s.ChangeDirectoryGroups(t.Context(), source.ID, []store.DirectoryGroup{
		{SourceID: source.ID, GroupKey: "key of staff", DN: "cn=staff,dc=example", Name: "staff"},
	}, nil))
	require.NoError(t, s.ChangeEntriesInGroup(t.Context(), source.ID, "key of staff", []string{"dora"}, nil))
	var entries []store.DirectoryEntry
	for i, name := range []string{"dora", "hans"} {
		entries = append(entries, store.DirectoryEntry{
			SourceID: source.ID, ExternalID: name, DN: "uid=" + name + ",dc=example", Username: name, Folded: name,
			Emails: name + "@example\n" + name + "@other", Phones: "+4930471" + string('1'+rune(i)), State: "active",
			SearchText: account.SearchText(name, "+4930471"+string('1'+rune(i))), Digest: []byte{0}, SeenAt: now,
		})
	}
	require.NoError(t, s.SaveEntries(t.Context(), entries))
	user := store.User{
		AccountID: "00000000000000000000000000000000000000dd", Username: "dora", Folded: "dora", State: store.UserActive,
		SourceID: &source.ID, ExternalID: "dora", CreatedAt: now, ChangedAt: now,
	}
	require.NoError(t, s.CreateUser(t.Context(), &user, store.Account{
		SealedKey: []byte{0}, Certificate: []byte{0}, Serial: "dd", NotAfter: now.AddDate(1, 0, 0),
	}, nil))
	require.NoError(t, s.LinkEntries(t.Context(), source.ID))
}

func TestDirectoryListing(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	a.addDirectory(t)
	root := a.administrator(t)
	list := func(query string) []admin.DirectoryPerson {
		var answer struct {
			People []admin.DirectoryPerson
			Total  int
		}
		got := a.call(t, "GET", "/directory"+query, nil, root)
		require.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
		got.JSON(t, &answer)
		require.Len(t, answer.People, answer.Total)
		return answer.People
	}
	all := list("")
	require.Len(t, all, 2)
	require.Equal(t, []string{"dora@example", "dora@other"}, all[0].Emails)
	require.Equal(t, "Corp", all[0].Source)
	require.Equal(t, "dora", all[0].Account)
	require.Equal(t, "00000000000000000000000000000000000000dd", all[0].AccountID)
	require.Empty(t, all[1].Account, "hans has none")
	require.Equal(t, all, list("?source=corp"))
	require.Empty(t, list("?source=local"))
	require.Equal(t, all[1:], list("?query=HANS"))
	require.Equal(t, all[:1], list("?query=(030)%204711"))
	require.Empty(t, list("?query=%25"))
}

func TestGroupsByDirectory(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	a.addDirectory(t)
	a.box.AddUser(t, "alice")
	root := a.administrator(t)
	require.Equal(t, http.StatusCreated, a.call(t, "POST", "/groups", `{"name":"staff"}`, root).Status)
	require.Equal(t, http.StatusOK, a.call(t, "POST", "/groups/staff/map", `{"source":"corp","group":"staff"}`, root).Status)
	require.Equal(t, http.StatusNoContent, a.call(t, "PUT", "/groups/staff/members/alice", nil, root).Status)
	var g admin.Group
	a.call(t, "GET", "/groups/staff", nil, root).JSON(t, &g)
	require.Equal(t, 2, g.Members)
	require.Equal(t, []admin.Mapping{{Source: "Corp", Key: "key of staff", Name: "staff"}}, g.Mappings)
	var page struct{ Members []admin.Member }
	a.call(t, "GET", "/groups/staff/members", nil, root).JSON(t, &page)
	require.Len(t, page.Members, 2)
	require.True(t, page.Members[0].ByHand)
	require.Equal(t, "dora", page.Members[1].Username)
	require.False(t, page.Members[1].ByHand)
	var names struct{ Groups []string }
	a.call(t, "GET", "/users/dora/groups", nil, root).JSON(t, &names)
	require.Equal(t, []string{"staff"}, names.Groups)
	got := a.call(t, "DELETE", "/groups/staff/members/dora", nil, root)
	problemOf(t, got, http.StatusNotFound, "not_a_member")
}
