// SPDX-License-Identifier: GPL-3.0-or-later

package peer

import "net/netip"

// Own is an address at which the box itself answers.
type Own struct {
	// Prefix is the address with the length of its network, or as a network of
	// its own where that is not known.
	Prefix netip.Prefix
	// Loopback says that the address belongs to a loopback interface.
	Loopback bool
}

// ownAddrs are the addresses of the box. They do not change once made.
type ownAddrs struct {
	// addrs holds true for the box's own addresses, and false for those that
	// are not, but that it answers at too.
	addrs map[netip.Addr]bool
	// loopbacks are the networks of loopback interfaces.
	loopbacks []netip.Prefix
}

func newOwnAddrs(own []Own, allowLoopback bool) *ownAddrs {
	o := &ownAddrs{addrs: make(map[netip.Addr]bool)}
	for _, a := range own {
		network := netip.PrefixFrom(a.Prefix.Addr().Unmap().WithZone(""), a.Prefix.Bits())
		switch {
		case a.Loopback && allowLoopback:
			continue
		case a.Loopback:
			// The kernel takes all of a loopback interface's network as its
			// own, not only the address.
			o.loopbacks = append(o.loopbacks, network.Masked())
		default:
			for _, shared := range sharedAddrs(network) {
				if !o.addrs[shared] {
					o.addrs[shared] = false
				}
			}
		}
		o.addrs[network.Addr()] = true
	}
	return o
}

// sharedAddrs returns the addresses of a network that stand for more than one
// host. Of an IPv4 network these are the directed broadcast address and the
// network address, which older kernels broadcast to as well; Go opens its
// sockets with SO_BROADCAST, so the kernel would not refuse them. Of an IPv6
// network it is the anycast address of routers (RFC 4291, section 2.6.1), which
// the box is one of where it forwards for containers.
func sharedAddrs(network netip.Prefix) []netip.Addr {
	if network.Bits() > network.Addr().BitLen()-2 {
		return nil // point-to-point links have none: RFC 3021, RFC 6164
	}
	first := network.Masked().Addr()
	if first.Is6() {
		return []netip.Addr{first}
	}
	last := first.As4()
	for bit := network.Bits(); bit < 32; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	return []netip.Addr{first, netip.AddrFrom4(last)}
}
