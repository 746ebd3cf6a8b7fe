// SPDX-License-Identifier: GPL-3.0-or-later

package clientcert

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseProxies(t *testing.T) {
	p, err := ParseProxies([]string{"127.0.0.1", " 10.1.2.3/8 ", "::1", "fd00::/8", "::ffff:192.0.2.0/120", "::ffff:198.51.100.7"})
	require.NoError(t, err)
	tests := map[string]bool{
		"127.0.0.1": true, "127.0.0.2": false, "::ffff:127.0.0.1": true,
		"10.200.0.1": true, "11.0.0.1": false,
		"::1": true, "fd12::1": true, "fe80::1%eth0": false, "fd12::1%eth0": true,
		"192.0.2.200": true, "192.0.3.1": false, "198.51.100.7": true,
	}
	for addr, want := range tests {
		require.Equal(t, want, p.Trusted(netip.MustParseAddr(addr)), addr)
	}
	require.False(t, p.Trusted(netip.Addr{}))
	require.False(t, Proxies{}.Trusted(netip.MustParseAddr("127.0.0.1")))

	_, err = ParseProxies([]string{"10.0.0.1", "proxy.example", "10.0.0.0/33", "", "0.0.0.0/0", "::/0", "::ffff:0:0/96"})
	for _, entry := range []string{`"proxy.example"`, `"10.0.0.0/33"`, `""`, `"0.0.0.0/0"`, `"::/0"`, `"::ffff:0:0/96"`} {
		require.ErrorContains(t, err, entry)
	}
	require.NotContains(t, err.Error(), `"10.0.0.1"`)
}

func TestClientAddr(t *testing.T) {
	p, err := ParseProxies([]string{"10.0.0.0/24", "::1"})
	require.NoError(t, err)
	tests := map[string]struct{ remote, forwarded, realIP, want string }{
		"direct":                          {"192.0.2.9", "", "", "192.0.2.9"},
		"direct/headers not believed":     {"192.0.2.9", "203.0.113.1", "203.0.113.2", "192.0.2.9"},
		"direct/mapped":                   {"::ffff:192.0.2.9", "", "", "192.0.2.9"},
		"one proxy":                       {"10.0.0.1", "203.0.113.1", "", "203.0.113.1"},
		"one proxy/mapped":                {"::ffff:10.0.0.1", "::ffff:203.0.113.1", "", "203.0.113.1"},
		"two proxies":                     {"10.0.0.1", "203.0.113.1, 10.0.0.2", "", "203.0.113.1"},
		"spoofed entry on the left":       {"10.0.0.1", "1.2.3.4, 203.0.113.1", "", "203.0.113.1"},
		"spoofed proxy on the left":       {"10.0.0.1", "10.0.0.9, 203.0.113.1,10.0.0.2", "", "203.0.113.1"},
		"proxies all the way":             {"10.0.0.1", "10.0.0.3,10.0.0.2", "", "10.0.0.3"},
		"with port":                       {"10.0.0.1", "203.0.113.1:4711", "", "203.0.113.1"},
		"ipv6":                            {"::1", "2001:db8::1", "", "2001:db8::1"},
		"ipv6/brackets":                   {"::1", "[2001:db8::1]", "", "2001:db8::1"},
		"ipv6/brackets and port":          {"::1", "[2001:db8::1]:443", "", "2001:db8::1"},
		"garbage":                         {"10.0.0.1", "unknown", "203.0.113.9", "10.0.0.1"},
		"garbage/behind a proxy":          {"10.0.0.1", "203.0.113.1, x, 10.0.0.2", "", "10.0.0.2"},
		"garbage/commas":                  {"10.0.0.1", ",,,", "", "10.0.0.1"},
		"real ip":                         {"10.0.0.1", "", "203.0.113.9", "203.0.113.9"},
		"real ip/second to x-forwarded":   {"10.0.0.1", "203.0.113.1", "203.0.113.9", "203.0.113.1"},
		"real ip/garbage":                 {"10.0.0.1", " ", "nobody", "10.0.0.1"},
		"several lines joined, no blanks": {"10.0.0.1", "1.1.1.1,2.2.2.2,10.0.0.7,10.0.0.8", "", "2.2.2.2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := p.ClientAddr(netip.MustParseAddr(tt.remote), tt.forwarded, tt.realIP)
			require.Equal(t, tt.want, got.String())
		})
	}
	require.False(t, p.ClientAddr(netip.Addr{}, "203.0.113.1", "").IsValid())
}

func FuzzClientAddr(f *testing.F) {
	p, err := ParseProxies([]string{"10.0.0.0/8", "fd00::/8"})
	require.NoError(f, err)
	f.Add("203.0.113.1, 10.0.0.2", "")
	f.Add("[2001:db8::1]:443,fd00::1", "10.0.0.1")
	f.Add(",,", "x")
	f.Add("unknown, _hidden", "::ffff:1.2.3.4")
	f.Add("fe80::1%eth0", "[")
	proxy, client := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("192.0.2.1")
	f.Fuzz(func(t *testing.T, forwarded, realIP string) {
		if got := p.ClientAddr(client, forwarded, realIP); got != client {
			t.Fatalf("believed a client: %v", got)
		}
		got := p.ClientAddr(proxy, forwarded, realIP)
		if !got.IsValid() || got.Is4In6() || got.Zone() != "" {
			t.Fatalf("not a plain address: %v", got)
		}
		// What the outermost believed proxy reports cannot be outvoted from the left.
		if got := p.ClientAddr(proxy, forwarded+",198.51.100.1", realIP); got.String() != "198.51.100.1" {
			t.Fatalf("spoofed: %v", got)
		}
	})
}
