// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

func decoded(t testing.TB, attrs ...stun.Setter) *stun.Message {
	m, err := Decode(request(t, stun.MethodAllocate, attrs...))
	require.NoError(t, err)
	return m
}

func raw(attr stun.AttrType, value ...byte) stun.Setter {
	return stun.RawAttribute{Type: attr, Value: value}
}

func TestRequestedTransport(t *testing.T) {
	for name, c := range map[string]struct {
		attrs []stun.Setter
		proto byte
		ok    bool
		err   error
	}{
		"udp":         {[]stun.Setter{raw(stun.AttrRequestedTransport, 17, 0, 0, 0)}, 17, true, nil},
		"tcp":         {[]stun.Setter{raw(stun.AttrRequestedTransport, 6, 0, 0, 0)}, 6, true, nil},
		"reserved":    {[]stun.Setter{raw(stun.AttrRequestedTransport, 17, 1, 2, 3)}, 17, true, nil},
		"first":       {[]stun.Setter{raw(stun.AttrRequestedTransport, 6, 0, 0, 0), raw(stun.AttrRequestedTransport, 17, 0, 0, 0)}, 6, true, nil},
		"missing":     {nil, 0, false, nil},
		"error/short": {[]stun.Setter{raw(stun.AttrRequestedTransport, 17)}, 0, true, ErrMalformed},
		"error/empty": {[]stun.Setter{raw(stun.AttrRequestedTransport)}, 0, true, ErrMalformed},
		"error/long":  {[]stun.Setter{raw(stun.AttrRequestedTransport, 17, 0, 0, 0, 0)}, 0, true, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			m := decoded(t, c.attrs...)
			require.Equal(t, c.proto == 17, WantsUDP(m))
			proto, ok, err := RequestedTransport(m)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.ok, ok)
			require.Equal(t, c.proto, proto)
		})
	}
}

func TestRequestedFamily(t *testing.T) {
	for name, c := range map[string]struct {
		attrs  []stun.Setter
		family Family
		ok     bool
		err    error
	}{
		"ipv4":          {[]stun.Setter{raw(stun.AttrRequestedAddressFamily, 1, 0, 0, 0)}, IPv4, true, nil},
		"ipv6":          {[]stun.Setter{raw(stun.AttrRequestedAddressFamily, 2, 9, 9, 9)}, IPv6, true, nil},
		"missing":       {nil, 0, false, nil},
		"error/unknown": {[]stun.Setter{raw(stun.AttrRequestedAddressFamily, 3, 0, 0, 0)}, 0, true, ErrFamily},
		"error/zero":    {[]stun.Setter{raw(stun.AttrRequestedAddressFamily, 0, 0, 0, 1)}, 0, true, ErrFamily},
		"error/short":   {[]stun.Setter{raw(stun.AttrRequestedAddressFamily, 1)}, 0, true, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			family, ok, err := RequestedFamily(decoded(t, c.attrs...))
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.ok, ok)
			require.Equal(t, c.family, family)
		})
	}
}

func TestWords(t *testing.T) {
	m := decoded(t, LifetimeOf(time.Hour), ConnectionIDOf(0xDEADBEEF), raw(stun.AttrChannelNumber, 0x40, 0x01, 0, 0))
	lifetime, ok, err := Lifetime(m)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, time.Hour, lifetime)
	id, ok := ConnectionID(m)
	require.True(t, ok)
	require.Equal(t, uint32(0xDEADBEEF), id)
	number, ok, err := ChannelNumber(m)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, uint16(0x4001), number)

	m = decoded(t)
	_, ok, err = Lifetime(m)
	require.NoError(t, err)
	require.False(t, ok)
	_, ok = ConnectionID(m)
	require.False(t, ok)
	_, ok, err = ChannelNumber(m)
	require.NoError(t, err)
	require.False(t, ok)

	m = decoded(t, raw(stun.AttrLifetime, 1), raw(stun.AttrConnectionID), raw(stun.AttrChannelNumber, 0x40, 0x01))
	_, ok, err = Lifetime(m)
	require.ErrorIs(t, err, ErrMalformed)
	require.True(t, ok)
	_, ok = ConnectionID(m)
	require.False(t, ok)
	_, ok, err = ChannelNumber(m)
	require.ErrorIs(t, err, ErrMalformed)
	require.True(t, ok)
}

func TestLifetimeOf(t *testing.T) {
	for name, c := range map[string]struct{ d, want time.Duration }{
		"zero":     {0, 0},
		"fraction": {1999 * time.Millisecond, time.Second},
		"negative": {-time.Second, 0},
		"beyond":   {200 * 365 * 24 * time.Hour, (1<<32 - 1) * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			d, ok, err := Lifetime(decoded(t, LifetimeOf(c.d)))
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, c.want, d)
		})
	}
}

func TestPeers(t *testing.T) {
	v4 := netip.MustParseAddrPort("10.1.2.3:4000")
	v6 := netip.MustParseAddrPort("[2001:db8::1]:65535")
	zero := netip.MustParseAddrPort("0.0.0.0:0")
	mapped := netip.MustParseAddrPort("[::ffff:10.1.2.3]:4000")
	// pion's setter writes mapped addresses as IPv4; hostile clients need not.
	reallyMapped := append([]byte{0, 2, 0x21 ^ 0x0F, 0x12 ^ 0xA0}, make([]byte, 16)...)
	mask := []byte{0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	for i, b := range mapped.Addr().As16() {
		reallyMapped[4+i] = b ^ mask[i]
	}
	for name, c := range map[string]struct {
		attrs []stun.Setter
		peers []netip.AddrPort
		err   error
	}{
		"none":     {nil, nil, nil},
		"ipv4":     {[]stun.Setter{PeerAddress(v4)}, []netip.AddrPort{v4}, nil},
		"ipv6":     {[]stun.Setter{PeerAddress(v6)}, []netip.AddrPort{v6}, nil},
		"zero":     {[]stun.Setter{PeerAddress(zero)}, []netip.AddrPort{zero}, nil},
		"several":  {[]stun.Setter{PeerAddress(v6), unknownOptional, PeerAddress(v4)}, []netip.AddrPort{v6, v4}, nil},
		"mapped":   {[]stun.Setter{raw(stun.AttrXORPeerAddress, reallyMapped...)}, []netip.AddrPort{v4}, nil},
		"by pion":  {[]stun.Setter{pionPeer{IP: v6.Addr().AsSlice(), Port: 65535}}, []netip.AddrPort{v6}, nil},
		"reserved": {[]stun.Setter{raw(stun.AttrXORPeerAddress, 0xFF, 1, 0x2E, 0xB2, 0x2B, 0x13, 0xA6, 0x41)}, []netip.AddrPort{v4}, nil},

		"error/empty":            {[]stun.Setter{raw(stun.AttrXORPeerAddress)}, nil, ErrMalformed},
		"error/one byte":         {[]stun.Setter{raw(stun.AttrXORPeerAddress, 0)}, nil, ErrMalformed},
		"error/no address":       {[]stun.Setter{raw(stun.AttrXORPeerAddress, 0, 1, 0, 0)}, nil, ErrMalformed},
		"error/family":           {[]stun.Setter{raw(stun.AttrXORPeerAddress, 0, 3, 0, 0, 1, 2, 3, 4)}, nil, ErrMalformed},
		"error/ipv4 short":       {[]stun.Setter{raw(stun.AttrXORPeerAddress, 0, 1, 0, 0, 1, 2, 3)}, nil, ErrMalformed},
		"error/ipv4 long":        {[]stun.Setter{raw(stun.AttrXORPeerAddress, 0, 1, 0, 0, 1, 2, 3, 4, 5)}, nil, ErrMalformed},
		"error/ipv6 short":       {[]stun.Setter{raw(stun.AttrXORPeerAddress, 0, 2, 0, 0, 1, 2, 3, 4)}, nil, ErrMalformed},
		"error/second malformed": {[]stun.Setter{PeerAddress(v4), raw(stun.AttrXORPeerAddress, 0, 1)}, nil, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			peers, err := Peers(decoded(t, c.attrs...))
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.peers, peers)
		})
	}
}

// pionPeer is XOR-PEER-ADDRESS as pion writes it.
type pionPeer stun.XORMappedAddress

func (p pionPeer) AddTo(m *stun.Message) error {
	return stun.XORMappedAddress(p).AddToAs(m, stun.AttrXORPeerAddress)
}

func TestUnknownRequired(t *testing.T) {
	for name, c := range map[string]struct {
		attrs []stun.Setter
		want  []stun.AttrType
	}{
		"none":           {nil, nil},
		"known":          {[]stun.Setter{raw(stun.AttrEvenPort, 0), raw(stun.AttrDontFragment), ConnectionIDOf(1), stun.NewUsername("a")}, nil},
		"optional":       {[]stun.Setter{unknownOptional, stun.NewSoftware("s")}, nil},
		"unknown":        {[]stun.Setter{unknownRequired}, []stun.AttrType{0x0042}},
		"each once":      {[]stun.Setter{raw(0x7FFF), unknownRequired, raw(0x7FFF)}, []stun.AttrType{0x7FFF, 0x0042}},
		"not served":     {[]stun.Setter{raw(stun.AttrChangeRequest, 0, 0, 0, 6), raw(stun.AttrUserhash)}, []stun.AttrType{stun.AttrChangeRequest, stun.AttrUserhash}},
		"behind signing": {[]stun.Setter{stun.MessageIntegrity("k"), unknownRequired}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, UnknownRequired(decoded(t, c.attrs...)))
		})
	}
}

func TestFamilyOf(t *testing.T) {
	require.Equal(t, IPv4, FamilyOf(netip.MustParseAddr("10.0.0.1")))
	require.Equal(t, IPv4, FamilyOf(netip.MustParseAddr("::ffff:10.0.0.1")))
	require.Equal(t, IPv6, FamilyOf(netip.MustParseAddr("fd00::1")))
	require.Equal(t, "IPv6", IPv6.String())
	require.Equal(t, "family 7", Family(7).String())
}
