// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func testPolicy() *peerPolicy {
	return newPeerPolicy([]localAddr{
		{prefix: netip.MustParsePrefix("127.0.0.1/8"), loopback: true},
		{prefix: netip.MustParsePrefix("::1/128"), loopback: true},
		{prefix: netip.MustParsePrefix("10.99.0.1/24"), loopback: true},
		{prefix: netip.MustParsePrefix("192.168.7.2/24")},
		{prefix: netip.MustParsePrefix("172.17.0.1/16")},
		{prefix: netip.MustParsePrefix("10.5.0.1/20")},
		{prefix: netip.MustParsePrefix("10.6.0.0/31")},
		{prefix: netip.MustParsePrefix("fd00::2/64")},
		{prefix: netip.MustParsePrefix("fe80::1/64")},
	}, []netip.Addr{netip.MustParseAddr("203.0.113.7")}, portRange{first: 50000, last: 50099})
}

func TestPeerPolicy(t *testing.T) {
	policy := testPolicy()
	for peer, allowed := range map[string]bool{
		// Ordinary peers: on a LAN, private addresses are the norm.
		"192.168.7.3:5000":      true,
		"10.0.0.1:22":           true,
		"100.64.1.1:5000":       true,
		"198.51.100.1:1":        true,
		"[fd00::3]:5000":        true,
		"[2001:db8::1]:5000":    true,
		"192.168.7.3:0":         false,
		"[::ffff:10.0.0.1]:700": true,

		// Own addresses: relayed ports only.
		"192.168.7.2:49999":          false,
		"192.168.7.2:50000":          true,
		"192.168.7.2:50099":          true,
		"192.168.7.2:50100":          false,
		"192.168.7.2:443":            false,
		"172.17.0.1:443":             false,
		"172.17.0.1:50001":           true,
		"203.0.113.7:443":            false,
		"203.0.113.7:50001":          true,
		"[fd00::2]:443":              false,
		"[fd00::2]:50001":            true,
		"127.0.0.1:443":              false,
		"127.0.0.1:50001":            true,
		"10.99.0.1:50001":            true,
		"[::ffff:192.168.7.2]:443":   false,
		"[::ffff:192.168.7.2]:50001": true,
		"[64:ff9b::192.168.7.2]:443": false,
		"[2002:c0a8:702::1]:443":     false,
		"[::192.168.7.2]:443":        false,
		"[fe80::1%eth0]:443":         false,
		"[::ffff:203.0.113.7%x]:443": false,

		// Never.
		"0.0.0.0:50001":                 false,
		"0.1.2.3:50001":                 false,
		"127.0.0.2:50001":               false,
		"10.99.0.77:50001":              false,
		"169.254.1.1:50001":             false,
		"224.0.0.251:5353":              false,
		"239.255.255.250:1900":          false,
		"240.0.0.1:50001":               false,
		"255.255.255.255:50001":         false,
		"192.168.7.255:50001":           false,
		"192.168.7.0:50001":             false,
		"10.5.15.255:50001":             false,
		"10.5.14.255:50001":             true,
		"10.6.0.1:50001":                true,
		"[::]:50001":                    false,
		"[fe80::2]:50001":               false,
		"[fe80::2%eth0]:50001":          false,
		"[febf::2]:50001":               false,
		"[ff02::fb]:5353":               false,
		"[::ffff:127.0.0.2]:50001":      false,
		"[::ffff:0.0.0.0]:50001":        false,
		"[::ffff:169.254.1.1]:50001":    false,
		"[64:ff9b::127.0.0.2]:50001":    false,
		"[64:ff9b::224.0.0.1]:50001":    false,
		"[2002:7f00:2::1]:50001":        false,
		"[2002:a9fe:101::1]:50001":      false,
		"[2002:ffff:ffff::1]:50001":     false,
		"[::127.0.0.2]:50001":           false,
		"[64:ff9b::198.51.100.1]:50001": true,
		"[2002:c633:6401::1]:50001":     true,
	} {
		t.Run(peer, func(t *testing.T) {
			require.Equal(t, allowed, policy.allows(netip.MustParseAddrPort(peer)))
		})
	}
	require.False(t, policy.allows(netip.AddrPort{}))
	require.False(t, policy.allows(netip.AddrPortFrom(netip.Addr{}, 50001)))
}

func FuzzPeerPolicy(f *testing.F) {
	for _, seed := range []string{"192.168.7.3", "192.168.7.2", "127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::1", "2002::1", "fe80::1", "ff02::1"} {
		f.Add(netip.MustParseAddr(seed).AsSlice(), uint16(50001))
	}
	policy := testPolicy()
	f.Fuzz(func(t *testing.T, b []byte, port uint16) {
		addr, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		allowed := policy.allows(netip.AddrPortFrom(addr, port))
		if inner := addr.Unmap(); allowed && !policy.ports.contains(port) {
			require.False(t, inner.IsLoopback() || inner.IsMulticast() || inner.IsUnspecified() || inner.IsLinkLocalUnicast(), "%v", addr)
			require.NotContains(t, policy.own, inner)
		}
		if !addr.Is4() {
			return
		}
		// No other way of writing an address opens what it closes.
		v4 := addr.As4()
		mapped := addr.As16()
		translated := netip.MustParseAddr("64:ff9b::").As16()
		copy(translated[12:], v4[:])
		sixToFour := netip.MustParseAddr("2002::1").As16()
		copy(sixToFour[2:], v4[:])
		for _, form := range [][16]byte{mapped, translated, sixToFour} {
			require.Equal(t, allowed, policy.allows(netip.AddrPortFrom(netip.AddrFrom16(form), port)))
		}
	})
}
