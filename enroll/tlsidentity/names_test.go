// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBoxNames(t *testing.T) {
	var addresses []net.Addr
	for _, cidr := range []string{"127.0.0.1/8", "192.168.1.5/24", "fe80::1/64", "169.254.3.4/16", "2001:db8::5/64", "fd00::5/64"} {
		ip, network, err := net.ParseCIDR(cidr)
		require.NoError(t, err)
		addresses = append(addresses, &net.IPNet{IP: ip, Mask: network.Mask})
	}
	own := []string{"127.0.0.1", "192.168.1.5", "2001:db8::5", "fd00::5", "localhost", "::1"}
	tests := map[string]struct {
		extra               []string
		publicURL, hostname string
		want                []string
	}{
		"all":                   {[]string{"relay.example", "203.0.113.1"}, "https://Box.example:8443/x", "srv1", append([]string{"box.example", "relay.example", "203.0.113.1", "srv1"}, own...)},
		"no url":                {nil, "", "srv1.lan", append([]string{"srv1.lan"}, own...)},
		"url without scheme":    {nil, "box.example:8443", "", append([]string{"box.example"}, own...)},
		"url with ipv6":         {nil, "https://[2001:DB8::5]:443", "", []string{"2001:db8::5", "127.0.0.1", "192.168.1.5", "fd00::5", "localhost", "::1"}},
		"mapped and duplicates": {[]string{"::ffff:192.168.1.5", " LOCALHOST "}, "", "localhost", []string{"192.168.1.5", "localhost", "127.0.0.1", "2001:db8::5", "fd00::5", "::1"}},
		"odd host name":         {nil, "", "my box", own},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, boxNames(tt.extra, tt.publicURL, tt.hostname, addresses))
		})
	}
	require.Subset(t, BoxNames([]string{"x.example"}, "https://y.example"), []string{"x.example", "y.example", "localhost", "127.0.0.1", "::1"})
}

func TestEphemeral(t *testing.T) {
	certificate, err := Ephemeral(BoxNames(nil, ""))
	require.NoError(t, err)
	var identity Identity
	require.NoError(t, identity.Set(certificate, SourceEphemeral))
	require.NoError(t, certificate.Leaf.VerifyHostname("127.0.0.1"))
	require.False(t, certificate.Leaf.IsCA)
	info, ok := identity.Current()
	require.True(t, ok)
	require.Equal(t, SourceEphemeral, info.Source)

	require.Error(t, identity.Set(&tls.Certificate{Certificate: [][]byte{{1}}}, SourceEphemeral))
	require.ErrorIs(t, identity.Set(&tls.Certificate{}, SourceEphemeral), ErrNoCertificate)
}
