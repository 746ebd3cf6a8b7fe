// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

func crowd(n int) func(*os.File) error {
	return func(f *os.File) error {
		for i := range n {
			if _, err := f.WriteString(directorytest.Person(fmt.Sprintf("user%05d", i), "mail", fmt.Sprintf("u%d@example.test", i))); err != nil {
				return err
			}
		}
		return nil
	}
}

// everybody pages through all people and returns how many there were.
func everybody(t *testing.T, c *Client) (n int, complete bool, err error) {
	t.Helper()
	complete, err = c.Pages(t.Context(), c.Config().SearchFilter(nil), nil, func(entries []*ldap.Entry) error {
		n += len(entries)
		return nil
	})
	return n, complete, err
}

func TestPages(t *testing.T) {
	t.Parallel()
	const people = 1500
	limited := func(uid, limits string) string {
		return fmt.Sprintf("limits dn.exact=%q %s", directorytest.DN("uid", uid, directorytest.People), limits)
	}
	s := directorytest.StartSlapd(t, directorytest.SlapdOptions{
		Load: crowd(people),
		LDIF: directorytest.Entry("ou=elsewhere,"+directorytest.Base, "objectClass", "referral", "objectClass", "extensibleObject", "ou", "elsewhere",
			"ref", "ldap://elsewhere.invalid/ou=x,dc=elsewhere"),
		Database: []string{
			limited("user00001", "size.soft=1000 size.hard=1000 size.prtotal=unlimited"),
			limited("user00002", "size.soft=500 size.hard=500 size.prtotal=500"),
			limited("user00003", "size.prtotal=disabled"),
			limited("user00004", "size=unlimited size.pr=unlimited size.prtotal=unlimited"),
			"limits dn.exact=\"" + directorytest.Reader + "\" size=unlimited",
		},
	})
	as := func(t *testing.T, uid string, edit func(*source.Config)) *Client {
		t.Helper()
		cfg := openLDAP(s.URL())
		cfg.BindDN = directorytest.DN("uid", uid, directorytest.People)
		cfg.PageSize = 200
		if edit != nil {
			edit(&cfg)
		}
		return newClient(t, cfg, directorytest.Password, Options{})
	}
	t.Run("complete", func(t *testing.T) {
		n, complete, err := everybody(t, as(t, "user00004", nil))
		require.NoError(t, err)
		require.True(t, complete)
		require.Equal(t, people, n)
	})
	t.Run("complete/limit of each answer, as Windows has", func(t *testing.T) {
		c := as(t, "user00001", nil)
		n, complete, err := everybody(t, c)
		require.NoError(t, err)
		require.True(t, complete)
		require.Equal(t, people, n)
		entries, complete, err := c.Search(t.Context(), c.Config().SearchFilter(nil), 1200)
		require.NoError(t, err)
		require.False(t, complete)
		require.Len(t, entries, 1000)
	})
	t.Run("complete/references are not followed", func(t *testing.T) {
		n, complete, err := everybody(t, as(t, "user00004", func(c *source.Config) { c.Bases = []string{directorytest.Base} }))
		require.NoError(t, err)
		require.True(t, complete)
		require.Equal(t, people, n)
	})
	t.Run("complete/one level of several bases", func(t *testing.T) {
		n, complete, err := everybody(t, as(t, "user00004", func(c *source.Config) {
			c.Bases, c.Scope = []string{directorytest.Base, directorytest.People, directorytest.Groups}, source.ScopeOne
		}))
		require.NoError(t, err)
		require.True(t, complete)
		require.Equal(t, people, n)
	})
	for _, tt := range []struct {
		name, uid string
		edit      func(*source.Config)
		atMost    int
		words     string
	}{
		{"limit of all answers", "user00002", nil, 500, "code 4"},
		{"paging forbidden", "user00003", nil, 0, "code 11"},
		{"base gone", "user00004", func(c *source.Config) { c.Bases = []string{directorytest.People, "ou=gone," + directorytest.Base} }, people, "code 32"},
		{"base elsewhere", "user00004", func(c *source.Config) { c.Bases = []string{"ou=elsewhere," + directorytest.Base} }, 0, "ldap://elsewhere.invalid/"},
		{"service account refused", "nobody", nil, 0, "code 49"},
	} {
		t.Run("incomplete/"+tt.name, func(t *testing.T) {
			n, complete, err := everybody(t, as(t, tt.uid, tt.edit))
			require.False(t, complete)
			var incomplete *Incomplete
			require.ErrorAs(t, err, &incomplete)
			require.ErrorContains(t, err, tt.words)
			require.LessOrEqual(t, n, tt.atMost)
			require.Greater(t, n, tt.atMost-200, "entries that did come are handed on")
		})
	}
	for name, misbehave := range map[string]func(*directorytest.Proxy){
		"cut in the middle of a page": func(p *directorytest.Proxy) { p.CutAfter(100_000) },
		"cut in the first answer":     func(p *directorytest.Proxy) { p.CutAfter(10) },
		"swallowed":                   func(p *directorytest.Proxy) { p.Swallow(true) },
	} {
		t.Run("incomplete/"+name, func(t *testing.T) {
			p := directorytest.StartProxy(t, host(s.URL()))
			c := as(t, "user00004", func(c *source.Config) {
				c.URLs = []string{"ldap://" + p.Address()}
				c.ConnectTimeout, c.Timeout = patient, source.Duration(3*time.Second)
			})
			first := true
			complete, err := c.Pages(t.Context(), c.Config().SearchFilter(nil), nil, func([]*ldap.Entry) error {
				if first {
					misbehave(p)
				}
				first = false
				return nil
			})
			require.False(t, complete)
			var incomplete *Incomplete
			require.ErrorAs(t, err, &incomplete)
			require.ErrorContains(t, err, "the connection was lost")
		})
	}
	t.Run("an error of the caller's", func(t *testing.T) {
		enough := errors.New("enough")
		c := as(t, "user00004", nil)
		complete, err := c.Pages(t.Context(), c.Config().SearchFilter(nil), nil, func([]*ldap.Entry) error { return enough })
		require.False(t, complete)
		require.Equal(t, enough, err)
	})
	t.Run("search", func(t *testing.T) {
		c := as(t, "user00004", nil)
		entries, complete, err := c.Search(t.Context(), c.Config().SearchFilter([]string{"USER0001"}), 50)
		require.NoError(t, err)
		require.True(t, complete)
		require.Len(t, entries, 10)
		entries, complete, err = c.Search(t.Context(), c.Config().SearchFilter([]string{"user", "u7@"}), 50)
		require.NoError(t, err)
		require.True(t, complete)
		require.Len(t, entries, 1)
		_, _, err = c.Search(t.Context(), "(broken", 50)
		require.Error(t, err)
	})
}

func TestFakePages(t *testing.T) {
	t.Parallel()
	entry := func(i int) fakeEntry {
		return fakeEntry{dn: fmt.Sprintf("uid=u%d,dc=example,dc=test", i), attributes: map[string]string{"uid": fmt.Sprintf("u%d", i)}}
	}
	for _, tt := range []struct {
		name    string
		pages   bool
		answers []fakeAnswer
		n       int
		words   string
	}{
		{"complete/server that cannot page", false, []fakeAnswer{{entries: []fakeEntry{entry(1), entry(2)}}}, 2, ""},
		{"complete/empty page in between", true, []fakeAnswer{{cookie: "a"}, {entries: []fakeEntry{entry(1)}, cookie: "b"}, {last: true}}, 1, ""},
		{"no cookie from one that pages", true, []fakeAnswer{{entries: []fakeEntry{entry(1)}}}, 1, "did not say that the answer had ended"},
		{"last cookie missing", false, []fakeAnswer{{entries: []fakeEntry{entry(1)}, cookie: "a"}, {entries: []fakeEntry{entry(2)}}}, 2, "did not say"},
		{"time limit", true, []fakeAnswer{{entries: []fakeEntry{entry(1)}, cookie: "a"}, {entries: []fakeEntry{entry(2)}, code: 3}}, 2, "code 3"},
		{"busy", true, []fakeAnswer{{code: 51}}, 0, "code 51"},
		{"pages without end", true, []fakeAnswer{{cookie: "again", repeat: true}}, 0, "empty pages without end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := startFake(t, fakeServer{pages: tt.pages, answers: tt.answers})
			cfg := openLDAP("ldap://" + address)
			cfg.BindDN = ""
			n, complete, err := everybody(t, newClient(t, cfg, "", Options{}))
			require.Equal(t, tt.n, n)
			require.Equal(t, tt.words == "", complete)
			if tt.words != "" {
				require.ErrorContains(t, err, tt.words)
			}
		})
	}
	t.Run("busy server is unavailable, and the next one is asked", func(t *testing.T) {
		busy := startFake(t, fakeServer{bindCode: 51})
		s := directorytest.StartSlapd(t, directorytest.SlapdOptions{LDIF: directorytest.Person("alice")})
		cfg := openLDAP("ldap://"+busy, s.URL())
		began := time.Now()
		_, err := logIn(t.Context(), newClient(t, cfg, directorytest.ReaderPassword, Options{}), "alice", directorytest.Password, nil)
		require.NoError(t, err)
		require.Less(t, time.Since(began), 20*time.Second)
		cfg.URLs = cfg.URLs[:1]
		_, err = logIn(t.Context(), newClient(t, cfg, directorytest.ReaderPassword, Options{}), "alice", directorytest.Password, nil)
		require.Equal(t, "unavailable", outcome(err))
	})
}
