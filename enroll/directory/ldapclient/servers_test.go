// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/source"
)

// records is a Resolver of SRV records.
type records map[string][]*net.SRV

func (r records) LookupHost(context.Context, string) ([]string, error) { return nil, &net.DNSError{} }

func (r records) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	if found, ok := r[name]; ok {
		return name, found, nil
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func TestServers(t *testing.T) {
	two := []*net.SRV{{Target: "dc1.ad.test.", Port: 389}, {Target: "dc2.ad.test.", Port: 1389}}
	for _, tt := range []struct {
		name    string
		cfg     source.Config
		records records
		want    []string
	}{
		{"URLs", source.Config{Kind: source.KindLDAP, URLs: []string{"ldap://a", "ldap://[::1]:1389", "ldap://b:3890"}}, nil,
			[]string{"ldap://a:389", "ldap://[::1]:1389", "ldap://b:3890"}},
		{"LDAPS", source.Config{Kind: source.KindLDAP, URLs: []string{"ldaps://a/"}}, nil, []string{"ldaps://a:636"}},
		{"catalogue", source.Config{Kind: source.KindAD, URLs: []string{"ldap://a"}, GlobalCatalogue: true}, nil, []string{"ldap://a:3268"}},
		{"catalogue over LDAPS", source.Config{Kind: source.KindAD, URLs: []string{"LDAPS://a"}, GlobalCatalogue: true}, nil, []string{"ldaps://a:3269"}},
		{"discovered", source.Config{Kind: source.KindAD, Domain: "ad.test"}, records{"_ldap._tcp.dc._msdcs.ad.test.": two},
			[]string{"ldap://dc1.ad.test:389", "ldap://dc2.ad.test:1389"}},
		{"discovered by the plain name", source.Config{Kind: source.KindAD, Domain: "ad.test."}, records{"_ldap._tcp.ad.test.": two[:1]},
			[]string{"ldap://dc1.ad.test:389"}},
		{"discovered for LDAPS", source.Config{Kind: source.KindAD, Domain: "ad.test", TLS: source.TLSLDAPS}, records{"_ldap._tcp.dc._msdcs.ad.test.": two},
			[]string{"ldaps://dc1.ad.test:636", "ldaps://dc2.ad.test:636"}},
		{"discovered catalogue for LDAPS", source.Config{Kind: source.KindAD, Domain: "ad.test", TLS: source.TLSLDAPS, GlobalCatalogue: true},
			records{"_gc._tcp.ad.test.": {{Target: "dc1.ad.test.", Port: 3268}}}, []string{"ldaps://dc1.ad.test:3269"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, tt.cfg, "", Options{Resolver: tt.records})
			servers, err := c.servers.all(t.Context())
			require.NoError(t, err)
			var got []string
			for _, s := range servers {
				got = append(got, s.String())
			}
			require.Equal(t, tt.want, got)
		})
	}
	t.Run("those that failed come last for a while", func(t *testing.T) {
		now := time.Now()
		c := newClient(t, source.Config{Kind: source.KindLDAP, URLs: []string{"ldap://a", "ldap://b", "ldap://c"}}, "", Options{Now: func() time.Time { return now }})
		first := func() string {
			servers, err := c.servers.all(t.Context())
			require.NoError(t, err)
			require.Len(t, servers, 3)
			return servers[0].host
		}
		servers, err := c.servers.all(t.Context())
		require.NoError(t, err)
		c.servers.fail(servers[0])
		require.Equal(t, "b", first())
		c.servers.fail(servers[1])
		require.Equal(t, "c", first())
		c.servers.works(servers[1])
		require.Equal(t, "b", first())
		now = now.Add(downFor)
		require.Equal(t, "a", first())
	})
	t.Run("what was discovered outlives the DNS", func(t *testing.T) {
		now := time.Now()
		known := records{"_ldap._tcp.dc._msdcs.ad.test.": two}
		c := newClient(t, source.Config{Kind: source.KindAD, Domain: "ad.test"}, "", Options{Resolver: known, Now: func() time.Time { return now }})
		_, err := c.servers.all(t.Context())
		require.NoError(t, err)
		delete(known, "_ldap._tcp.dc._msdcs.ad.test.")
		now = now.Add(2 * discoveredFor)
		servers, err := c.servers.all(t.Context())
		require.NoError(t, err)
		require.Len(t, servers, 2)
	})
}
