// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

const benchPeople = 100_000

func benchServer(b *testing.B, people int) (*directorytest.Slapd, *directorytest.Authority) {
	b.Helper()
	root := directorytest.NewAuthority(b, "Root")
	ip := directorytest.IP(b)
	credentials := root.Issue(b, []string{ip}, nil)
	return directorytest.StartSlapd(b, directorytest.SlapdOptions{
		IP: ip, Credentials: &credentials, Load: crowd(people), Quiet: true,
		Database: []string{"limits dn.exact=\"" + directorytest.Reader + "\" size=unlimited"},
	}), root
}

// BenchmarkLogin compares whole logins (find, then bind on a connection of its
// own) with bare binds that share one connection.
func BenchmarkLogin(b *testing.B) {
	const people = 1000
	s, root := benchServer(b, people)
	b.Run("bare binds on one connection", func(b *testing.B) {
		c := s.Connect(b)
		for i := 0; b.Loop(); i++ {
			require.NoError(b, c.Bind(directorytest.DN("uid", fmt.Sprintf("user%05d", i%people), directorytest.People), directorytest.Password))
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "logins/s")
	})
	for name, edit := range map[string]func(*source.Config){
		"plain":    func(*source.Config) {},
		"StartTLS": func(c *source.Config) { c.TLS, c.CA = source.TLSStartTLS, root.PEM() },
		"LDAPS":    func(c *source.Config) { c.URLs, c.TLS, c.CA = []string{s.URLS()}, source.TLSLDAPS, root.PEM() },
	} {
		b.Run(name, func(b *testing.B) {
			c := slapdClient(b, s, edit)
			var n atomic.Int64
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, err := logIn(b.Context(), c, fmt.Sprintf("user%05d", n.Add(1)%people), directorytest.Password, nil)
					require.NoError(b, err)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "logins/s")
		})
	}
}

// BenchmarkPages reads everybody and maps them to persons.
func BenchmarkPages(b *testing.B) {
	s, _ := benchServer(b, benchPeople)
	c := slapdClient(b, s, nil)
	var most uint64
	for b.Loop() {
		n := 0
		complete, err := c.Pages(b.Context(), c.Config().SearchFilter(nil), nil, func(entries []*ldap.Entry) error {
			for _, e := range entries {
				if _, err := c.Config().Person(e, c.o.Now()); err != nil {
					return err
				}
			}
			n += len(entries)
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			return nil
		})
		require.NoError(b, err)
		require.True(b, complete)
		require.Equal(b, benchPeople, n)
	}
	b.ReportMetric(float64(benchPeople)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(most)/(1<<20), "heap-MiB")
}

// BenchmarkSearch looks people up by a word.
func BenchmarkSearch(b *testing.B) {
	s, _ := benchServer(b, benchPeople)
	c := slapdClient(b, s, nil)
	for i := 0; b.Loop(); i++ {
		_, _, err := c.Search(b.Context(), c.Config().SearchFilter([]string{fmt.Sprintf("user%05d", i*7919%benchPeople)}), 50)
		require.NoError(b, err)
	}
}
