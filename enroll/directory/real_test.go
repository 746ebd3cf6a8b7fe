// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

// client returns a client of a server for people who are found there.
func client(t testing.TB, url string) (source.Config, *ldapclient.Client) {
	t.Helper()
	cfg := source.Config{
		Kind: source.KindLDAP, Preset: "openldap", URLs: []string{url}, TLS: source.TLSNone, AllowPlaintextBind: true,
		BindDN: directorytest.Reader, Bases: []string{directorytest.People}, PhonePrefix: "+49 30",
	}.WithDefaults()
	require.NoError(t, cfg.Validate())
	c, err := ldapclient.New(cfg, directorytest.ReaderPassword, ldapclient.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return cfg, c
}

// liveOf returns a directory as the box searches it.
func liveOf(id int64, name string, cfg source.Config, c *ldapclient.Client) LiveSource {
	return LiveSource{ID: id, Name: name, Search: func(ctx context.Context, words []string, limit int) ([]source.Person, error) {
		entries, _, err := c.Search(ctx, cfg.SearchFilter(words), limit)
		var people []source.Person
		for _, e := range entries {
			if p, err := cfg.Person(e, time.Now()); err == nil {
				people = append(people, p)
			}
		}
		return people, err
	}}
}

type servers []LiveSource

func (s servers) Sources(context.Context) []LiveSource { return s }

// TestRealDirectory searches an OpenLDAP server for what the box does not know
// yet, also while it hangs.
func TestRealDirectory(t *testing.T) {
	id := func(n string) string { return "00000000-0000-4000-8000-00000000000" + n }
	slapd := directorytest.StartSlapd(t, directorytest.SlapdOptions{
		LDIF: directorytest.Person("zoe", "entryUUID", id("1"), "cn", "Zoë Müller", "givenName", "Zoë", "sn", "Müller", "telephoneNumber", "030 47-11") +
			directorytest.Person("王芳", "entryUUID", id("2"), "cn", "王芳", "sn", "王") +
			directorytest.Person("o'hara (*)", "entryUUID", id("3"), "sn", `O'Hara\`) +
			directorytest.Person("stranger", "entryUUID", id("4"), "sn", "Müller"),
	})
	b := enrolltest.NewEmpty(t)
	f := addSources(t, b, "corp")
	for n, name := range map[string]string{"1": "old.zoe", "2": "wang", "3": "hara"} {
		b.AddUser(t, name, func(u *store.User) { u.SourceID, u.ExternalID, u.SearchText = &f[0].ID, id(n), "-" })
	}
	cfg, c := client(t, slapd.URL())
	d := newDirectory(b, servers{liveOf(f[0].ID, "corp", cfg, c)})
	var later atomic.Bool
	d.asker.now = func() time.Time {
		if later.Load() {
			return time.Now().Add(2 * downTime)
		}
		return time.Now()
	}
	for raw, want := range map[string][]string{
		"zoe": {"old.zoe"}, "ZOË": {"old.zoe"}, "Zoe%CC%88+m": {"old.zoe"}, "müller zoë": {"old.zoe"}, "030/4711": {"old.zoe"}, "47 11": {"old.zoe"},
		"Muller": {}, "王芳": {"wang"}, "o'hara (*)": {"hara"}, `hara\`: {"hara"}, "(*)": {"hara"}, "stranger": {}, "*)(uid=*": {}, "**": {}, "\\2a": {},
	} {
		require.Equal(t, want, search(t, d, raw), "%q", raw)
	}

	slapd.Pause(t)
	begin := time.Now()
	require.Empty(t, search(t, d, "zoe m"))
	require.GreaterOrEqual(t, time.Since(begin), liveTime)
	require.Empty(t, search(t, d, "zoe mü"))
	slapd.Resume(t)
	require.Empty(t, search(t, d, "zoe mül"), "it is left alone")
	later.Store(true)
	require.Empty(t, search(t, d, "zoe müll"), "it is only tried")
	require.Eventually(t, func() bool {
		d.cache = newCache()
		return len(search(t, d, "zoe mülle")) == 1
	}, 20*time.Second, 10*time.Millisecond)
}
