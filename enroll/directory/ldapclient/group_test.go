// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

func groupDN(name string) string { return directorytest.DN("cn", name, directorytest.Groups) }

func personDN(uid string) string { return directorytest.DN("uid", uid, directorytest.People) }

// addGroups makes groups while the server runs, since only then it keeps
// memberOf: alice is in a loop of three and in one whose other member is gone.
func addGroups(t *testing.T, s *directorytest.Slapd) {
	t.Helper()
	c := s.Connect(t)
	add := func(dn string, attributes map[string][]string) {
		t.Helper()
		r := ldap.NewAddRequest(dn, nil)
		for name, values := range attributes {
			r.Attribute(name, values)
		}
		require.NoError(t, c.Add(r))
	}
	names := func(name string, members ...string) {
		add(groupDN(name), map[string][]string{"objectClass": {"groupOfNames"}, "member": members})
	}
	names("leaf", personDN("alice"))
	names("middle", groupDN("leaf"))
	names("top", groupDN("middle"))
	modify(t, c, groupDN("leaf"), "member", personDN("alice"), groupDN("top"))
	names("dangling", personDN("alice"), personDN("ghost"))
	names("other", personDN("bob"))
	add(groupDN("unique"), map[string][]string{"objectClass": {"groupOfUniqueNames"}, "uniqueMember": {personDN("alice")}})
	add(groupDN("posix"), map[string][]string{"objectClass": {"posixGroup"}, "gidNumber": {"5000"}, "memberUid": {"alice", "carol"}})
	add(groupDN("primary"), map[string][]string{"objectClass": {"posixGroup"}, "gidNumber": {"5001"}})
}

func TestOpenLDAPGroups(t *testing.T) {
	t.Parallel()
	people := directorytest.Person("alice", "objectClass", "posixAccount", "uidNumber", "1", "gidNumber", "5001", "homeDirectory", "/") +
		directorytest.Person("bob") + directorytest.Person("loner")
	with := directorytest.StartSlapd(t, directorytest.SlapdOptions{LDIF: people})
	without := directorytest.StartSlapd(t, directorytest.SlapdOptions{LDIF: people, WithoutMemberOf: true})
	addGroups(t, with)
	addGroups(t, without)
	for _, tt := range []struct {
		name, membership string
		server           *directorytest.Slapd
		want             []string
	}{
		{"memberOf", source.MembershipMemberOf, with, []string{"leaf", "middle", "top", "dangling", "primary"}},
		{"memberOf/server without", source.MembershipMemberOf, without, []string{"leaf", "middle", "top", "dangling", "unique", "posix", "primary"}},
		{"member", source.MembershipMember, without, []string{"leaf", "middle", "top", "dangling", "unique"}},
		{"member/server with memberOf", source.MembershipMember, with, []string{"leaf", "middle", "top", "dangling", "unique"}},
		{"memberUid", source.MembershipMemberUID, without, []string{"posix", "primary"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := slapdClient(t, tt.server, func(c *source.Config) { c.Membership = tt.membership })
			all, complete, err := c.Groups(t.Context())
			require.NoError(t, err)
			require.True(t, complete)
			require.Len(t, all, 8)
			h := NewHierarchy(all)
			for uid, want := range map[string][]string{"alice": tt.want, "loner": {}} {
				groups, err := c.GroupsOf(t.Context(), find(t, c, uid))
				require.NoError(t, err)
				require.ElementsMatch(t, want, groupNames(groups))
				p, err := logIn(t.Context(), c, uid, directorytest.Password, nil)
				require.NoError(t, err)
				require.ElementsMatch(t, want, groupNames(h.Of(p)))
			}
		})
	}
	t.Run("stale member of a renamed person", func(t *testing.T) {
		c := with.Connect(t)
		require.NoError(t, c.ModifyDN(ldap.NewModifyDNRequest(personDN("bob"), "uid=robert", true, "")))
		client := slapdClient(t, with, nil)
		groups, err := client.GroupsOf(t.Context(), find(t, client, "robert"))
		require.NoError(t, err)
		require.Equal(t, []string{"other"}, groupNames(groups), "memberOf stays right")
	})
	t.Run("groups have stable ids", func(t *testing.T) {
		all, _, err := slapdClient(t, with, nil).Groups(t.Context())
		require.NoError(t, err)
		for _, g := range all {
			require.Len(t, g.Key(), 36)
		}
		require.Equal(t, "cn=a\\,b,dc=x", Group{DN: `CN=a\2Cb, DC=X`}.Key())
	})
}
