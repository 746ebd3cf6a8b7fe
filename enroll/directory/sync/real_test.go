// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

const patient = source.Duration(time.Minute)

// use has the source be a real directory from now on, with its configuration.
func (f *fixture) use(t testing.TB, cfg source.Config, password string) {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout, cfg.ConnectTimeout = patient, patient
	}
	c, err := ldapclient.New(cfg, password, ldapclient.Options{Logger: f.Logger})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	f.job.o.Directories = func() []Directory {
		return []Directory{{ID: f.source.ID, Name: f.source.Name, Config: cfg, ChangedAt: f.source.ChangedAt, Reader: c}}
	}
}

// paged has the directory read in pages of fifty.
func paged(cfg source.Config) source.Config {
	cfg.PageSize = 50
	return cfg
}

func openLDAP(url string) source.Config {
	return source.Config{
		Kind: source.KindLDAP, Preset: "openldap", URLs: []string{url}, TLS: source.TLSNone, AllowPlaintextBind: true,
		BindDN: directorytest.Reader, Bases: []string{directorytest.People}, GroupBases: []string{directorytest.Groups},
	}
}

// unlimited is a line for slapd.conf: 500 entries are the default limit.
const unlimited = `limits dn.exact="` + directorytest.Reader + `" size=unlimited`

func name(i int) string   { return fmt.Sprintf("u%06d", i) }
func uuid(i int) string   { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", i) }
func userDN(i int) string { return directorytest.DN("uid", name(i), directorytest.People) }

// crowd writes n people for slapadd, who have no passwords: hashes would take
// most of the time.
func crowd(n int) func(*os.File) error {
	return func(file *os.File) error {
		w := bufio.NewWriter(file)
		for i := range n {
			_, err := io.WriteString(w, directorytest.Entry(userDN(i), "objectClass", "inetOrgPerson", "objectClass", "shadowAccount",
				"uid", name(i), "cn", "Person "+name(i), "sn", name(i), "givenName", "Person", "mail", name(i)+"@example.test",
				"telephoneNumber", fmt.Sprintf("+33 1 %06d", i), "departmentNumber", fmt.Sprint(i%50), "entryUUID", uuid(i),
				"modifyTimestamp", "20260101000000Z"))
			if err != nil {
				return err
			}
		}
		return w.Flush()
	}
}

// accounts makes accounts of the first n people.
func (f *fixture) withAccounts(t testing.TB, n int) []store.User {
	t.Helper()
	users := make([]store.User, n)
	for i := range users {
		users[i] = f.user(t, &person{id: uuid(i), uid: name(i)})
	}
	return users
}

func set(t testing.TB, c *ldap.Conn, dn, attribute string, values ...string) {
	t.Helper()
	r := ldap.NewModifyRequest(dn, nil)
	r.Replace(attribute, values)
	require.NoError(t, c.Modify(r))
}

// TestFiveThousand pages through more than any server gives at once.
func TestFiveThousand(t *testing.T) {
	t.Parallel()
	const all = 5000
	f := newFixture(t)
	s := directorytest.StartSlapd(t, directorytest.SlapdOptions{Load: crowd(all), Database: []string{unlimited}})
	users := f.withAccounts(t, 20)
	f.use(t, openLDAP(s.URL()), directorytest.ReaderPassword)
	r := f.good(t)
	require.Equal(t, []int{all, all, 0, 0}, []int{r.People, r.New, r.Missing, r.Unusable})
	require.Equal(t, "Person "+name(7), f.reload(t, users[7]).DisplayName)
	require.NoError(t, s.Connect(t).Del(ldap.NewDelRequest(userDN(4999), nil)))
	r = f.good(t)
	require.Equal(t, []int{all - 1, all - 1, 1, 0}, []int{r.People, r.Unchanged, r.Missing, r.Barred})
}

// TestOpenLDAP goes through what happens to people, at a real server.
func TestOpenLDAP(t *testing.T) {
	t.Parallel()
	const all = 250
	f := newFixture(t)
	s := directorytest.StartSlapd(t, directorytest.SlapdOptions{
		Load: crowd(all), WithPolicy: true, LDIF: directorytest.Policy("default"),
		Database: []string{unlimited, "limits anonymous size.soft=100 size.hard=100 size.prtotal=100"},
	})
	users := f.withAccounts(t, 60)
	f.use(t, paged(openLDAP(s.URL())), directorytest.ReaderPassword)
	require.Equal(t, all, f.good(t).New)
	t.Run("changes", func(t *testing.T) {
		c := s.Connect(t)
		set(t, c, userDN(1), "pwdAccountLockedTime", "000001010000Z")
		set(t, c, userDN(2), "shadowExpire", "10000")
		require.NoError(t, c.Del(ldap.NewDelRequest(userDN(3), nil)))
		require.NoError(t, c.ModifyDN(ldap.NewModifyDNRequest(userDN(4), "uid=renamed", true, "")))
		require.NoError(t, c.Add(unit("ou=sub,"+directorytest.People)))
		require.NoError(t, c.ModifyDN(ldap.NewModifyDNRequest(userDN(5), "uid="+name(5), true, "ou=sub,"+directorytest.People)))
		require.NoError(t, c.Del(ldap.NewDelRequest(userDN(200), nil))) // who has no account
		r := f.good(t)
		require.Equal(t, []int{2, 3, 1, 0, 0}, []int{r.Missing, r.Barred, r.Renamed, r.New, r.Revoked})
		barred := map[string]string{}
		for _, change := range r.Changes {
			if change.What == ChangeBarred {
				barred[change.Name] = change.Reason
			}
		}
		require.Equal(t, map[string]string{
			name(1): "locked by an administrator (pwdAccountLockedTime)",
			name(2): "the account expired on 1997-05-19 (shadowExpire)",
			name(3): gone,
		}, barred)
		require.Equal(t, "renamed", f.reload(t, users[4]).Username)
		require.Contains(t, f.entry(t, uuid(5)).DN, "ou=sub")
		require.Equal(t, 57, f.countServed(t, users))

		set(t, c, userDN(1), "pwdAccountLockedTime")
		set(t, c, userDN(2), "shadowExpire")
		require.Equal(t, 2, f.good(t).Lifted)
	})
	t.Run("nested groups", func(t *testing.T) { testNestedGroups(t, f, s) })
	t.Run("cut off", func(t *testing.T) { testCutOff(t, f, s, users) })
}

func unit(dn string) *ldap.AddRequest {
	r := ldap.NewAddRequest(dn, nil)
	r.Attribute("objectClass", []string{"organizationalUnit"})
	return r
}

func testNestedGroups(t *testing.T, f *fixture, s *directorytest.Slapd) {
	c := s.Connect(t)
	groupDN := func(name string) string { return directorytest.DN("cn", name, directorytest.Groups) }
	for _, g := range [][]string{
		{"leaf (a, b)", userDN(10), userDN(11), "uid=dangling," + directorytest.People},
		{"middle", groupDN("leaf (a, b)"), userDN(12)},
		{"top", groupDN("middle"), userDN(13)},
		{"ring", groupDN("top")},
	} {
		r := ldap.NewAddRequest(groupDN(g[0]), nil)
		r.Attribute("objectClass", []string{"groupOfNames"})
		r.Attribute("cn", g[:1])
		r.Attribute("member", g[1:])
		require.NoError(t, c.Add(r))
	}
	m := ldap.NewModifyRequest(groupDN("leaf (a, b)"), nil)
	m.Add("member", []string{groupDN("ring")})
	require.NoError(t, c.Modify(m))
	require.Equal(t, 4, f.good(t).Groups)

	stored, err := f.Box.Store.DirectoryGroups(t.Context(), f.source.ID)
	require.NoError(t, err)
	i := slices.IndexFunc(stored, func(g store.DirectoryGroup) bool { return g.Name == "top" })
	g := store.Group{Name: "Top", Folded: "top"}
	require.NoError(t, f.Box.Store.AddGroup(t.Context(), &g))
	require.NoError(t, f.Box.Store.AddGroupMapping(t.Context(),
		store.GroupMapping{GroupID: g.ID, SourceID: f.source.ID, GroupKey: stored[i].GroupKey, Display: "top"}))
	require.Equal(t, 4, f.good(t).Joined)
	members := func() []string {
		ids, err := f.Box.Store.EntriesInGroup(t.Context(), f.source.ID, stored[i].GroupKey)
		require.NoError(t, err)
		slices.Sort(ids)
		return ids
	}
	require.Equal(t, []string{uuid(10), uuid(11), uuid(12), uuid(13)}, members())
	admitted, err := f.Box.Store.GroupsOfEntry(t.Context(), f.source.ID, uuid(10))
	require.NoError(t, err)
	require.Equal(t, g.ID, admitted[0].ID)

	m = ldap.NewModifyRequest(groupDN("leaf (a, b)"), nil)
	m.Delete("member", []string{userDN(10)})
	require.NoError(t, c.Modify(m))
	require.Equal(t, 1, f.good(t).Left)
	require.Equal(t, []string{uuid(11), uuid(12), uuid(13)}, members())
}

// testCutOff has the real server give less than all, in each way it can.
func testCutOff(t *testing.T, f *fixture, s *directorytest.Slapd, users []store.User) {
	served := f.countServed(t, users)
	incomplete := func(t *testing.T, cfg source.Config, password, words string) {
		t.Helper()
		f.use(t, paged(cfg), password)
		r := f.sync(t, RunOptions{})
		require.Equal(t, Incomplete, r.Outcome, r.Reason)
		require.Contains(t, r.Reason, words)
		require.Zero(t, r.Barred+r.Missing+r.Revoked)
		require.Equal(t, served, f.countServed(t, users))
	}
	t.Run("size limit", func(t *testing.T) {
		cfg := openLDAP(s.URL())
		cfg.BindDN = ""
		incomplete(t, cfg, "", "100")
	})
	t.Run("wrong base", func(t *testing.T) {
		cfg := openLDAP(s.URL())
		cfg.Bases = []string{directorytest.People, "ou=gone,dc=example,dc=test"}
		incomplete(t, cfg, directorytest.ReaderPassword, "ou=gone")
	})
	t.Run("wrong password", func(t *testing.T) {
		incomplete(t, openLDAP(s.URL()), "other", "")
	})
	t.Run("connection cut", func(t *testing.T) {
		proxy := directorytest.StartProxy(t, strings.TrimPrefix(s.URL(), "ldap://"))
		cfg := openLDAP("ldap://" + proxy.Address())
		proxy.CutAfter(40_000)
		incomplete(t, cfg, directorytest.ReaderPassword, "")
	})
	t.Run("no more answers", func(t *testing.T) {
		proxy := directorytest.StartProxy(t, strings.TrimPrefix(s.URL(), "ldap://"))
		proxy.Swallow(true)
		cfg := openLDAP("ldap://" + proxy.Address())
		cfg.Timeout, cfg.ConnectTimeout = source.Duration(time.Second), source.Duration(time.Second)
		incomplete(t, cfg, directorytest.ReaderPassword, "")
	})
	t.Run("ended", func(t *testing.T) {
		s.Kill()
		incomplete(t, openLDAP(s.URL()), directorytest.ReaderPassword, "")
	})
}
