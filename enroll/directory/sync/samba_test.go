// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

func domainDN(name string) string { return directorytest.DN("CN", name, directorytest.DomainUsers) }

// employee is an account without a password, which is faster to make.
func employee(name string, attributes ...string) string {
	return directorytest.Entry(domainDN(name), append([]string{"objectClass", "user", "sAMAccountName", name, "userAccountControl", "544"}, attributes...)...)
}

// TestActiveDirectory takes JAMIBOX_SYNC_DOMAIN people, 150 unless it is set;
// Samba makes some 200 a second.
func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	all := 150
	if text := os.Getenv("JAMIBOX_SYNC_DOMAIN"); text != "" {
		var err error
		all, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	group := directorytest.DomainGroup
	var ldif strings.Builder
	for i := range all {
		ldif.WriteString(employee(name(i), "givenName", "Person", "sn", name(i)))
	}
	ldif.WriteString(group("leaf", true, domainDN(name(10))) + group("top", true, domainDN("leaf"), domainDN(name(11))))
	s := directorytest.StartSamba(t, directorytest.SambaOptions{LDIF: ldif.String()})
	f := newFixture(t)
	cfg := source.Config{
		Kind: source.KindAD, Preset: "samba", URLs: []string{s.URLS()}, CA: s.CA.PEM(), NetBIOS: directorytest.NetBIOS,
		BindDN: directorytest.Administrator, Bases: []string{directorytest.DomainBase}, PageSize: 50,
	}
	f.use(t, cfg, directorytest.AdminPassword)
	c := s.Connect(t)
	id := func(name string) string {
		r, err := c.Search(ldap.NewSearchRequest(domainDN(name), ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
			"(objectClass=*)", []string{"objectGUID"}, nil))
		require.NoError(t, err)
		return cfg.ID(r.Entries[0])
	}
	var users []store.User
	for i := range 40 {
		users = append(users, f.user(t, &person{id: id(name(i)), uid: name(i)}))
	}
	r := f.good(t)
	require.Equal(t, []int{all, all, 0}, []int{r.People, r.New, r.Unusable}, "references and built-in accounts are no people")
	t.Logf("%d people of a domain in %.2f s", r.People, r.Seconds)
	require.Equal(t, 40, f.countServed(t, users))
	r = f.good(t)
	require.Equal(t, all, r.Unchanged)

	set(t, c, domainDN(name(1)), "userAccountControl", "546")
	set(t, c, domainDN(name(2)), "accountExpires", strconv.FormatInt((time.Now().Unix()-86400+11644473600)*10_000_000, 10))
	require.NoError(t, c.Del(ldap.NewDelRequest(domainDN(name(3)), nil)))
	set(t, c, domainDN(name(4)), "sAMAccountName", "renamed")
	require.NoError(t, c.Add(unit("OU=Sub,"+directorytest.DomainBase)))
	require.NoError(t, c.ModifyDN(ldap.NewModifyDNRequest(domainDN(name(5)), "CN="+name(5), true, "OU=Sub,"+directorytest.DomainBase)))
	dry := f.sync(t, RunOptions{Dry: true})
	require.Equal(t, 3, dry.Barred)
	r = f.good(t)
	require.Equal(t, []int{1, 3, 1, 0, 0}, []int{r.Missing, r.Barred, r.Renamed, r.New, r.Revoked}, fmt.Sprint(r.Changes))
	require.Equal(t, "renamed", f.reload(t, users[4]).Username)
	require.Contains(t, f.entry(t, users[5].ExternalID).DN, "OU=Sub")
	require.False(t, f.served(t, users[1]))
	require.Contains(t, f.reload(t, users[2]).BarredReason, "accountExpires")
	require.Equal(t, 37, f.countServed(t, users))
	set(t, c, domainDN(name(1)), "userAccountControl", "544")
	require.Equal(t, 1, f.good(t).Lifted)

	t.Run("nested and primary groups", func(t *testing.T) {
		stored, err := f.Box.Store.DirectoryGroups(t.Context(), f.source.ID)
		require.NoError(t, err)
		g := store.Group{Name: "Mapped", Folded: "mapped"}
		require.NoError(t, f.Box.Store.AddGroup(t.Context(), &g))
		keys := map[string]string{}
		for _, d := range stored {
			keys[d.Name] = d.GroupKey
		}
		for _, mapped := range []string{"top", "Domain Users"} {
			require.NoError(t, f.Box.Store.AddGroupMapping(t.Context(),
				store.GroupMapping{GroupID: g.ID, SourceID: f.source.ID, GroupKey: keys[mapped], Display: mapped}))
		}
		f.good(t)
		members, err := f.Box.Store.EntriesInGroup(t.Context(), f.source.ID, keys["top"])
		require.NoError(t, err)
		require.ElementsMatch(t, []string{users[10].ExternalID, users[11].ExternalID}, members)
		members, err = f.Box.Store.EntriesInGroup(t.Context(), f.source.ID, keys["Domain Users"])
		require.NoError(t, err)
		require.Len(t, members, all-1, "the primary group, which no entry lists")
	})
}
