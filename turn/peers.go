// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import "net/netip"

// peerPolicy says which transport addresses the relay may exchange packets
// with. It does not change once made, and is safe for concurrent use.
type peerPolicy struct {
	own    map[netip.Addr]struct{}
	denied []netip.Prefix
	ports  portRange
}

// newPeerPolicy makes the rules for a box with the given interface addresses,
// which clients reach at the advertised ones, and which relays from ports.
func newPeerPolicy(local []localAddr, advertised []netip.Addr, ports portRange) *peerPolicy {
	p := &peerPolicy{own: make(map[netip.Addr]struct{}), ports: ports}
	for _, text := range []string{
		"0.0.0.0/8",      // unspecified, and this network (RFC 1122, section 3.2.1.3)
		"127.0.0.0/8",    // loopback
		"169.254.0.0/16", // link-local
		"224.0.0.0/4",    // multicast
		"240.0.0.0/4",    // reserved, and the limited broadcast address
		"fe80::/10",      // link-local
		"ff00::/8",       // multicast
	} {
		p.denied = append(p.denied, netip.MustParsePrefix(text))
	}
	for _, l := range local {
		p.own[l.addr()] = struct{}{}
		switch {
		case l.loopback:
			// The kernel takes all of a loopback interface's network as its
			// own, not only the address.
			p.denied = append(p.denied, l.prefix.Masked())
		case l.addr().Is4() && l.prefix.Bits() < 31:
			p.denied = append(p.denied, broadcasts(l.prefix)...)
		}
	}
	for _, addr := range advertised {
		p.own[addr.Unmap()] = struct{}{}
	}
	return p
}

// allows reports whether packets may go to and come from a peer. The box's own
// addresses are good for relayed ports alone, where the other side of a call
// may have its relay; its other services are out of reach through the relay.
func (p *peerPolicy) allows(peer netip.AddrPort) bool {
	if peer.Port() == 0 {
		return false
	}
	addr := peer.Addr().Unmap().WithZone("")
	if _, own := p.own[addr]; own {
		return p.ports.contains(peer.Port())
	}
	if inner, ok := embeddedIPv4(addr); ok {
		return p.allows(netip.AddrPortFrom(inner, peer.Port()))
	}
	for _, prefix := range p.denied {
		if prefix.Contains(addr) {
			return false
		}
	}
	return addr.IsValid()
}

// embeddedIPv4 returns the IPv4 address that a packet for an IPv6 address may
// end at: the translated form (RFC 6052), 6to4 (RFC 3056), and the deprecated
// compatible form, which takes in "::" and "::1" as well.
func embeddedIPv4(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	switch high := [12]byte(b[:12]); {
	case high == [12]byte{0x00, 0x64, 0xff, 0x9b}, high == [12]byte{}:
		return netip.AddrFrom4([4]byte(b[12:])), true
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// broadcasts returns the directed broadcast address of an IPv4 network and the
// network address, which older kernels broadcast to as well. Go opens its
// sockets with SO_BROADCAST, so the kernel would not refuse them.
func broadcasts(network netip.Prefix) []netip.Prefix {
	first := network.Masked().Addr()
	last := first.As4()
	for bit := network.Bits(); bit < 32; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	return []netip.Prefix{
		netip.PrefixFrom(first, 32),
		netip.PrefixFrom(netip.AddrFrom4(last), 32),
	}
}
