// SPDX-License-Identifier: GPL-3.0-or-later

package peer

import (
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/turn/port"
)

func testOwn() []Own {
	return []Own{
		{Prefix: netip.MustParsePrefix("127.0.0.1/8"), Loopback: true},
		{Prefix: netip.MustParsePrefix("::1/128"), Loopback: true},
		{Prefix: netip.MustParsePrefix("10.99.0.1/24"), Loopback: true},
		{Prefix: netip.MustParsePrefix("192.168.7.2/24")},
		{Prefix: netip.MustParsePrefix("172.17.0.1/16")},
		{Prefix: netip.MustParsePrefix("10.5.0.1/20")},
		{Prefix: netip.MustParsePrefix("10.6.0.0/31")},
		{Prefix: netip.MustParsePrefix("169.254.7.1/16")},
		{Prefix: netip.MustParsePrefix("fd00::2/64")},
		{Prefix: netip.MustParsePrefix("fd01::/127")},
		{Prefix: netip.MustParsePrefix("fe80::1/64")},
		{Prefix: netip.MustParsePrefix("203.0.113.7/32")},
	}
}

func testPolicy(t testing.TB, rules Rules) *Policy {
	ports, err := port.ParseRange("50000-50099")
	require.NoError(t, err)
	p := New(rules, ports)
	p.SetOwn(testOwn())
	return p
}

func networks(texts ...string) []netip.Prefix {
	var parsed []netip.Prefix
	for _, text := range texts {
		parsed = append(parsed, netip.MustParsePrefix(text))
	}
	return parsed
}

type answer int

const (
	never   answer = iota
	udpOnly        // own address, relayed port
	always
)

func TestPolicyAppliance(t *testing.T) {
	policy := testPolicy(t, Rules{DenyLinkLocal: true})
	for peer, want := range map[string]answer{
		// Ordinary peers: on a LAN, private addresses are the norm.
		"192.168.7.3:5000":              always,
		"10.0.0.1:22":                   always,
		"100.64.1.1:5000":               always,
		"198.51.100.1:1":                always,
		"198.51.100.1:50001":            always,
		"10.5.14.255:50001":             always,
		"10.6.0.1:50001":                always,
		"[fd00::3]:5000":                always,
		"[fd01::1]:5000":                always,
		"[2001:db8::1]:5000":            always,
		"[::ffff:10.0.0.1]:700":         always,
		"[64:ff9b::198.51.100.1]:50001": always,
		"[2002:c633:6401::1]:50001":     always,
		"192.168.7.3:0":                 never,

		// Own addresses: relayed UDP ports only.
		"192.168.7.2:0":                never,
		"192.168.7.2:443":              never,
		"192.168.7.2:49999":            never,
		"192.168.7.2:50000":            udpOnly,
		"192.168.7.2:50099":            udpOnly,
		"192.168.7.2:50100":            never,
		"172.17.0.1:443":               never,
		"172.17.0.1:50001":             udpOnly,
		"10.6.0.0:50001":               udpOnly,
		"203.0.113.7:443":              never,
		"203.0.113.7:50001":            udpOnly,
		"127.0.0.1:443":                never,
		"127.0.0.1:50001":              udpOnly,
		"10.99.0.1:50001":              udpOnly,
		"[::1]:443":                    never,
		"[fd00::2]:443":                never,
		"[fd00::2]:50001":              udpOnly,
		"[fe80::1%eth0]:443":           never,
		"[::ffff:192.168.7.2]:443":     never,
		"[::ffff:192.168.7.2]:50001":   udpOnly,
		"[::ffff:203.0.113.7%x]:443":   never,
		"[64:ff9b::192.168.7.2]:443":   never,
		"[64:ff9b::192.168.7.2]:50001": udpOnly,
		"[2002:c0a8:702::1]:443":       never,
		"[::192.168.7.2]:443":          never,

		// Never.
		"0.0.0.0:50001":              never,
		"0.1.2.3:50001":              never,
		"127.0.0.2:50001":            never,
		"10.99.0.77:50001":           never,
		"169.254.1.1:50001":          never,
		"169.254.255.255:50001":      never,
		"224.0.0.251:5353":           never,
		"239.255.255.250:1900":       never,
		"240.0.0.1:50001":            never,
		"255.255.255.255:50001":      never,
		"192.168.7.255:50001":        never,
		"192.168.7.0:50001":          never,
		"10.5.15.255:50001":          never,
		"[::]:50001":                 never,
		"[fd00::]:50001":             never,
		"[fe80::2]:50001":            never,
		"[fe80::2%eth0]:50001":       never,
		"[febf::2]:50001":            never,
		"[ff02::fb]:5353":            never,
		"[::ffff:127.0.0.2]:50001":   never,
		"[::ffff:0.0.0.0]:50001":     never,
		"[::ffff:169.254.1.1]:50001": never,
		"[64:ff9b::127.0.0.2]:50001": never,
		"[64:ff9b::224.0.0.1]:50001": never,
		"[2002:7f00:2::1]:50001":     never,
		"[2002:a9fe:101::1]:50001":   never,
		"[2002:ffff:ffff::1]:50001":  never,
		"[::127.0.0.2]:50001":        never,
	} {
		t.Run(peer, func(t *testing.T) { requireAnswer(t, policy, peer, want) })
	}
	require.False(t, policy.AllowsUDP(netip.AddrPort{}))
	require.False(t, policy.AllowsUDP(netip.AddrPortFrom(netip.Addr{}, 50001)))
	require.False(t, policy.AllowsTCP(netip.AddrPortFrom(netip.Addr{}, 50001)))
}

func requireAnswer(t *testing.T, policy *Policy, peer string, want answer) {
	t.Helper()
	at := netip.MustParseAddrPort(peer)
	require.Equal(t, want != never, policy.AllowsUDP(at), "UDP")
	require.Equal(t, want == always, policy.AllowsTCP(at), "TCP")
}

func TestPolicyRules(t *testing.T) {
	for name, test := range map[string]struct {
		rules Rules
		want  map[string]answer
	}{
		"link-local": {Rules{}, map[string]answer{
			"169.254.1.1:5000":       always,
			"[fe80::2]:5000":         always,
			"169.254.255.255:5000":   never,
			"169.254.7.1:5000":       never,
			"[fe80::1]:5000":         never,
			"[2002:a9fe:101::1]:500": always,
		}},
		"loopback for tests": {Rules{AllowLoopback: true}, map[string]answer{
			"127.0.0.1:443":        always,
			"127.0.0.2:443":        always,
			"127.0.0.1:50001":      always,
			"10.99.0.1:443":        always,
			"[::1]:443":            always,
			"192.168.7.2:443":      never,
			"0.0.0.0:443":          never,
			"[::]:443":             never,
			"255.255.255.255:5000": never,
		}},
		"deny": {Rules{Deny: networks("10.0.0.0/8", "2001:db8::/32", "::ffff:198.51.100.0/120", "64:ff9b::/96")}, map[string]answer{
			"10.1.2.3:5000":            never,
			"[::ffff:10.1.2.3]:5000":   never,
			"[2002:a01:203::1]:5000":   never,
			"[2001:db8::1]:5000":       never,
			"198.51.100.9:5000":        never,
			"198.51.101.9:5000":        always,
			"[64:ff9b::c000:201]:5000": never,
			"192.0.2.1:5000":           always,
			"10.5.0.1:50001":           udpOnly, // own
			"10.5.0.1:443":             never,
		}},
		"allow goes first": {Rules{
			Deny:          networks("10.0.0.0/8", "fd00::/8"),
			Allow:         networks("10.9.0.0/16", "fd00::/64", "fe80::/10", "240.1.0.0/16"),
			DenyLinkLocal: true,
		}, map[string]answer{
			"10.9.1.1:5000":    always,
			"10.8.1.1:5000":    never,
			"[fd00::9]:5000":   always,
			"[fd00:1::9]:5000": never,
			"[fe80::9]:5000":   always,
			"169.254.1.1:5000": never,
			"240.1.0.1:5000":   always,
			"240.2.0.1:5000":   never,
		}},
		"allow never opens the box": {Rules{Allow: networks("0.0.0.0/0", "::/0")}, map[string]answer{
			"192.168.7.2:443":             never,
			"192.168.7.2:50001":           udpOnly,
			"127.0.0.2:443":               never,
			"10.99.0.77:443":              never,
			"[::1]:443":                   never,
			"0.0.0.0:443":                 never,
			"[::]:443":                    never,
			"224.0.0.251:5353":            never,
			"[ff02::fb]:5353":             never,
			"255.255.255.255:67":          never,
			"192.168.7.255:5000":          never,
			"[fd00::]:443":                never,
			"[64:ff9b::192.168.7.2]:443":  never,
			"[64:ff9b::127.0.0.2]:443":    never,
			"[2002:7f00:1::1]:443":        never,
			"198.51.100.1:443":            always,
			"240.2.0.1:5000":              always,
			"[64:ff9b::198.51.100.1]:443": always,
		}},
	} {
		policy := testPolicy(t, test.rules)
		for peer, want := range test.want {
			t.Run(name+"/"+peer, func(t *testing.T) { requireAnswer(t, policy, peer, want) })
		}
	}
}

func TestPolicyForbids(t *testing.T) {
	rules := Rules{Deny: networks("10.0.0.0/8", "2001:db8::/32"), Allow: networks("10.9.0.0/16"), DenyLinkLocal: true}
	silent := testPolicy(t, rules)
	rules.RefuseDenied = true
	policy := testPolicy(t, rules)
	for addr, forbidden := range map[string]bool{
		"10.1.1.1":           true,
		"::ffff:10.1.1.1":    true,
		"64:ff9b::10.1.1.1":  true,
		"2002:a01:101::1":    true,
		"2001:db8::1":        true,
		"10.9.1.1":           false,
		"10.5.0.1":           false, // own
		"64:ff9b::10.5.0.1":  false,
		"192.0.2.1":          false,
		"127.0.0.1":          false, // denied, but not by the operator
		"169.254.1.1":        false,
		"224.0.0.1":          false,
		"2001:db9::1":        false,
		"2001:db8::1%eth0":   true,
		"64:ff9b::10.9.1.1":  false,
		"2002:a09:101::1":    false,
		"::ffff:192.168.7.2": false,
	} {
		t.Run(addr, func(t *testing.T) {
			require.Equal(t, forbidden, policy.Forbids(netip.MustParseAddr(addr)))
			require.False(t, silent.Forbids(netip.MustParseAddr(addr)))
		})
	}
	require.False(t, policy.Forbids(netip.Addr{}))
}

func TestPolicySetOwn(t *testing.T) {
	policy := testPolicy(t, Rules{})
	old, added := netip.MustParseAddrPort("192.168.7.2:443"), netip.MustParseAddrPort("192.168.9.2:443")
	require.False(t, policy.AllowsUDP(old))
	require.True(t, policy.AllowsUDP(added))
	policy.SetOwn([]Own{{Prefix: netip.MustParsePrefix("192.168.9.2/24")}})
	require.True(t, policy.AllowsUDP(old))
	require.False(t, policy.AllowsUDP(added))

	t.Run("own address at the end of another network", func(t *testing.T) {
		policy.SetOwn([]Own{
			{Prefix: netip.MustParsePrefix("10.1.1.255/16")},
			{Prefix: netip.MustParsePrefix("10.1.1.1/24")},
		})
		require.True(t, policy.AllowsUDP(netip.MustParseAddrPort("10.1.1.255:50001")))
		require.False(t, policy.AllowsUDP(netip.MustParseAddrPort("10.1.1.255:443")))
	})
	t.Run("while deciding", func(t *testing.T) {
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 200 {
				policy.SetOwn(testOwn())
			}
		})
		wg.Go(func() {
			for range 2000 {
				_ = policy.AllowsUDP(old)
			}
		})
		wg.Wait()
	})
}

func TestPolicyAllocatesNothing(t *testing.T) {
	policy := testPolicy(t, Rules{DenyLinkLocal: true, RefuseDenied: true,
		Deny: networks("10.0.0.0/8"), Allow: networks("10.9.0.0/16")})
	for _, peer := range []string{"192.0.2.1:5000", "192.168.7.2:50001", "[2001:db8::1]:5000", "[64:ff9b::10.9.0.1]:5", "[fe80::9%eth0]:5"} {
		at := netip.MustParseAddrPort(peer)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			policy.AllowsUDP(at)
			policy.AllowsTCP(at)
			policy.Forbids(at.Addr())
		}), peer)
	}
}

func BenchmarkPolicyAllowsUDP(b *testing.B) {
	policy := testPolicy(b, Rules{DenyLinkLocal: true})
	for _, peer := range []string{"192.0.2.1:5000", "[2001:db8::1]:5000", "192.168.7.2:50001"} {
		at := netip.MustParseAddrPort(peer)
		b.Run(peer, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				policy.AllowsUDP(at)
			}
		})
	}
}

func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{"192.168.7.3", "192.168.7.2", "127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::1", "2002::1", "fe80::1", "ff02::1"} {
		f.Add(netip.MustParseAddr(seed).AsSlice(), uint16(50001))
	}
	policy := testPolicy(f, Rules{DenyLinkLocal: true, Allow: networks("0.0.0.0/1", "2000::/3")})
	own := make(map[netip.Addr]bool)
	for _, a := range testOwn() {
		own[a.Prefix.Addr()] = true
	}
	f.Fuzz(func(t *testing.T, b []byte, port uint16) {
		addr, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		at := netip.AddrPortFrom(addr, port)
		allowed := policy.AllowsUDP(at)
		if policy.AllowsTCP(at) {
			require.True(t, allowed, "what is good for TCP is good for UDP")
			require.False(t, own[addr.Unmap()])
		}
		if inner := addr.Unmap(); allowed && !own[inner] {
			require.False(t, inner.IsLoopback() || inner.IsMulticast() || inner.IsUnspecified() || inner.IsLinkLocalUnicast(), "%v", addr)
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
			require.Equal(t, allowed, policy.AllowsUDP(netip.AddrPortFrom(netip.AddrFrom16(form), port)))
		}
	})
}
