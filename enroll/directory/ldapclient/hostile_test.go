// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

// hostileNames are logins that are easily mangled between us and a directory.
func hostileNames() []string {
	return []string{
		"o'neil", "comma, jane", "round (brackets)", "star*", "*", "hash # inside", "#first", "plus+equals=", "less<more>", "semi;colon",
		"quo\"te", "amp&pipe|not!", "sla/sh", "name at@example.test", "two  blanks", "王小明", "محمد", "Иван", "😀 emoji", "Zo\u00eb",
		"uid=alice", "a)(uid=*", "\\2a", "100%", "%u", "null",
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	var people strings.Builder
	for _, name := range hostileNames() {
		people.WriteString(directorytest.Person(name, "userPassword", "secret of "+name))
	}
	s := directorytest.StartSlapd(t, directorytest.SlapdOptions{LDIF: people.String() + directorytest.Person("alice")})
	search := slapdClient(t, s, nil)
	direct := slapdClient(t, s, func(c *source.Config) { c.Login, c.BindTemplate = source.LoginDirect, "uid=%u,"+directorytest.People })
	for _, name := range hostileNames() {
		for _, c := range []*Client{search, direct} {
			for _, typed := range []string{name, "  " + name + " ", strings.ToUpper(name)} {
				p, err := logIn(t.Context(), c, typed, "secret of "+name, nil)
				require.NoError(t, err, "%q by %s", typed, c.cfg.Login)
				require.Equal(t, name, p.Username)
			}
		}
	}
	t.Run("decomposed accent", func(t *testing.T) {
		p, err := logIn(t.Context(), search, "Zoe\u0308", "secret of Zo\u00eb", nil)
		require.NoError(t, err)
		require.Equal(t, "Zo\u00eb", p.Username)
	})
	t.Run("nobody by a pattern", func(t *testing.T) {
		for _, typed := range []string{
			"a*", "al*ce", "alice)(objectClass=*", "*)(uid=alice", "alice)(|(uid=*", `\61lice`, `al\69ce`, "alice\u200b", "(alice)", "alice)",
			"alice,ou=people", "alice+sn=alice", "uid=alice," + directorytest.People, "alice\u00a0x", strings.Repeat("a", 256),
		} {
			for _, c := range []*Client{search, direct} {
				_, err := logIn(t.Context(), c, typed, directorytest.Password, nil)
				require.Contains(t, []string{"unknown", "wrong"}, outcome(err), "%q by %s", typed, c.cfg.Login)
			}
		}
	})
	t.Run("search words", func(t *testing.T) {
		for word, want := range map[string]int{"*": 3, "(": 2, "王": 1, "\\": 1, "alice": 2, "zo\u00cb": 1, ")(uid=*": 1, "%": 2} {
			entries, complete, err := search.Search(t.Context(), search.Config().SearchFilter([]string{word}), 100)
			require.NoError(t, err)
			require.True(t, complete)
			require.Len(t, entries, want, "%q", word)
		}
	})
	t.Run("groups by hostile names", func(t *testing.T) {
		c := s.Connect(t)
		for _, name := range hostileNames() {
			r := ldap.NewAddRequest(directorytest.DN("cn", "group "+name, directorytest.Groups), nil)
			r.Attribute("objectClass", []string{"groupOfNames"})
			r.Attribute("member", []string{directorytest.DN("uid", name, directorytest.People)})
			require.NoError(t, c.Add(r), name)
		}
		all, complete, err := search.Groups(t.Context())
		require.NoError(t, err)
		require.True(t, complete)
		for _, name := range hostileNames() {
			p, err := logIn(t.Context(), search, name, "secret of "+name, nil)
			require.NoError(t, err)
			require.Equal(t, []string{"group " + name}, groupNames(NewHierarchy(all).Of(p)))
			groups, err := search.GroupsOf(t.Context(), find(t, search, name))
			require.NoError(t, err)
			require.Equal(t, []string{"group " + name}, groupNames(groups))
		}
	})
}

func TestOddEntries(t *testing.T) {
	t.Parallel()
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))))
	const contractors = "ou=contractors," + directorytest.Base
	s := directorytest.StartSlapd(t, directorytest.SlapdOptions{
		LDIF: strings.Join([]string{
			directorytest.Entry(contractors, "objectClass", "organizationalUnit", "ou", "contractors"),
			directorytest.Person("twin"),
			directorytest.Entry(directorytest.DN("uid", "twin", contractors), "objectClass", "inetOrgPerson", "uid", "twin", "cn", "t", "sn", "t", "userPassword", "x"),
			directorytest.Person("many", "uid", "second", "uid", "third"),
			directorytest.Person("hidden"), directorytest.Person("veiled"),
			directorytest.Person("bare"),
			directorytest.Person("pictured", "jpegPhoto", "broken", "jpegPhoto", picture.String()),
			directorytest.Person("huge", "jpegPhoto", strings.Repeat("x", 4<<20)),
		}, ""),
		Global: []string{"sockbuf_max_incoming 16777216"},
		Database: []string{
			"access to dn.exact=\"" + directorytest.DN("uid", "hidden", directorytest.People) + "\" by self read by anonymous auth by * none",
			"access to dn.exact=\"" + directorytest.DN("uid", "veiled", directorytest.People) + "\" attrs=entryUUID by * none",
			"access to * by anonymous auth by * read",
		},
	})
	c := slapdClient(t, s, func(c *source.Config) { c.Bases = []string{directorytest.Base} })
	_, err := logIn(t.Context(), c, "twin", directorytest.Password, nil)
	require.ErrorIs(t, err, ErrAmbiguous)
	require.ErrorContains(t, err, "uid=twin,ou=people,dc=example,dc=test and uid=twin,ou=contractors,dc=example,dc=test")
	ids := map[string]bool{}
	for _, login := range []string{"many", "SECOND", "third"} {
		p, err := logIn(t.Context(), c, login, directorytest.Password, nil)
		require.NoError(t, err)
		require.Equal(t, "many", p.Username, "the one in the DN")
		require.ElementsMatch(t, []string{"many", "second", "third"}, p.Logins)
		ids[p.ExternalID] = true
	}
	require.Len(t, ids, 1)
	_, err = logIn(t.Context(), c, "hidden", directorytest.Password, nil)
	require.ErrorIs(t, err, ErrUnknown)
	_, err = logIn(t.Context(), c, "veiled", directorytest.Password, nil)
	require.ErrorIs(t, err, source.ErrEntry)
	require.ErrorContains(t, err, "shows no stable id (entryUUID)")
	for login, want := range map[string][]byte{"bare": nil, "pictured": picture.Bytes(), "huge": nil} {
		p, err := logIn(t.Context(), c, login, directorytest.Password, nil)
		require.NoError(t, err, login)
		require.Equal(t, want, p.Picture, login)
		require.Empty(t, p.Emails)
		require.Empty(t, p.FirstName)
	}
	t.Run("renamed, moved, deleted", func(t *testing.T) {
		admin := s.Connect(t)
		before, err := logIn(t.Context(), c, "bare", directorytest.Password, nil)
		require.NoError(t, err)
		require.NoError(t, admin.ModifyDN(ldap.NewModifyDNRequest(before.DN, "uid=renamed", true, contractors)))
		e, err := c.Entry(t.Context(), before.ExternalID)
		require.NoError(t, err)
		after, err := c.Config().Person(e, time.Now())
		require.NoError(t, err)
		require.Equal(t, before.ExternalID, after.ExternalID)
		require.Equal(t, "renamed", after.Username)
		require.NoError(t, admin.Del(ldap.NewDelRequest(e.DN, nil)))
		_, err = c.Entry(t.Context(), before.ExternalID)
		require.ErrorIs(t, err, ErrUnknown)
	})
}
