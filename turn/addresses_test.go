// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
	"jamibox/turn/port"
)

func TestParseAdvertised(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1":                     "10.0.0.1 -",
		"::ffff:10.0.0.1":              "10.0.0.1 -",
		"fd00::1":                      "fd00::1 -",
		"203.0.113.5/192.168.1.10":     "203.0.113.5 192.168.1.10",
		"2001:db8::5/fd00::1":          "2001:db8::5 fd00::1",
		"203.0.113.5/":                 "",
		"203.0.113.5/24":               "",
		"203.0.113.5/fd00::1":          "",
		"203.0.113.5/10.0.0.1/10.0.01": "",
		"0.0.0.0":                      "",
		"203.0.113.5/0.0.0.0":          "",
		"224.0.0.1":                    "",
		"fe80::1%eth0":                 "",
		"box":                          "",
		"":                             "",
	} {
		t.Run(text, func(t *testing.T) {
			a, err := ParseAdvertised(text)
			if want == "" {
				require.ErrorIs(t, err, errAdvertised)
				return
			}
			require.NoError(t, err)
			local := "-"
			if a.Local.IsValid() {
				local = a.Local.String()
			}
			require.Equal(t, want, a.Addr.String()+" "+local)
		})
	}
}

func TestRelayedAddress(t *testing.T) {
	ports, err := port.ParseRange("50000-50009")
	require.NoError(t, err)
	book := func(local []string, advertised ...string) *addressBook {
		var entries []Advertised
		for _, text := range advertised {
			a, err := ParseAdvertised(text)
			require.NoError(t, err)
			entries = append(entries, a)
		}
		b := newAddressBook(entries, ports)
		b.update(at(local...))
		return b
	}
	lan := []string{"127.0.0.1", "10.0.0.1", "10.1.0.1", "fd00::1"}
	for name, c := range map[string]struct {
		book   *addressBook
		family message.Family
		server string
		want   string // "relayed bound", empty: family not served
	}{
		"one address":              {book(lan, "10.0.0.1"), message.IPv4, "10.0.0.1", "10.0.0.1 10.0.0.1"},
		"the one it came in on":    {book(lan, "10.0.0.1", "10.1.0.1"), message.IPv4, "10.1.0.1", "10.1.0.1 10.1.0.1"},
		"the first otherwise":      {book(lan, "10.0.0.1", "10.1.0.1"), message.IPv4, "127.0.0.1", "10.0.0.1 10.0.0.1"},
		"mapped":                   {book(lan, "10.0.0.1", "10.1.0.1"), message.IPv4, "::ffff:10.1.0.1", "10.1.0.1 10.1.0.1"},
		"other family over IPv4":   {book(lan, "10.0.0.1", "fd00::1"), message.IPv6, "10.0.0.1", "fd00::1 fd00::1"},
		"other family over IPv6":   {book(lan, "10.0.0.1", "fd00::1"), message.IPv4, "fd00::1", "10.0.0.1 10.0.0.1"},
		"behind a NAT":             {book(lan, "203.0.113.5"), message.IPv4, "10.0.0.1", "203.0.113.5 0.0.0.0"},
		"behind a NAT, IPv6":       {book(lan, "2001:db8::5"), message.IPv6, "fd00::1", "2001:db8::5 ::"},
		"NAT with local address":   {book(lan, "10.1.0.1", "203.0.113.5/10.0.0.1"), message.IPv4, "10.0.0.1", "203.0.113.5 10.0.0.1"},
		"error/family not served":  {book(lan, "10.0.0.1"), message.IPv6, "10.0.0.1", ""},
		"error/IPv6 box alone":     {book(lan, "10.0.0.1"), message.IPv6, "fd00::1", ""},
		"error/nothing advertised": {book(lan), message.IPv4, "10.0.0.1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			relayed, bound, pool, ok := c.book.over("udp").Relayed(c.family, netip.MustParseAddr(c.server))
			require.Equal(t, c.want != "", ok)
			if ok {
				require.Equal(t, c.want, relayed.String()+" "+bound.String())
				require.NotNil(t, pool)
			}
		})
	}

	t.Run("protocols have ports of their own", func(t *testing.T) {
		b := book(lan, "10.0.0.1")
		server := netip.MustParseAddr("10.0.0.1")
		_, _, udp, _ := b.over("udp").Relayed(message.IPv4, server)
		_, _, again, _ := b.over("udp").Relayed(message.IPv4, server)
		_, _, tcp, _ := b.over("tcp").Relayed(message.IPv4, server)
		require.Same(t, udp, again)
		require.NotSame(t, udp, tcp)
	})
}

func TestChangedAddresses(t *testing.T) {
	ports, err := port.ParseRange("50000-50009")
	require.NoError(t, err)
	old, second, gone := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.0.0.7")
	b := newAddressBook([]Advertised{{Addr: old}, {Addr: second}}, ports)
	b.update(at("10.0.0.1", "10.1.0.1"))
	told := func(server netip.Addr) string {
		relayed, _, _, ok := b.over("udp").Relayed(message.IPv4, server)
		if !ok {
			return ""
		}
		return relayed.String()
	}
	require.Equal(t, "10.0.0.1", told(old))

	b.update(at("10.0.0.7", "10.1.0.1"))
	require.Equal(t, "10.1.0.1", told(gone), "an address that the box lost must not be told")
	b.update(at("10.0.0.7"))
	require.Equal(t, "10.0.0.7", told(gone), "the client came in on it, so it works")
	require.Empty(t, told(netip.MustParseAddr("10.9.9.9")))
	b.update(at("10.0.0.1", "10.1.0.1"))
	require.Equal(t, "10.0.0.1", told(old))
}

// at returns interface addresses.
func at(addrs ...string) []localAddr {
	var local []localAddr
	for _, text := range addrs {
		addr := netip.MustParseAddr(text)
		local = append(local, localAddr{prefix: netip.PrefixFrom(addr, addr.BitLen()), loopback: addr.IsLoopback()})
	}
	return local
}
