// SPDX-License-Identifier: GPL-3.0-or-later

package peer

import (
	"net/netip"
	"sync/atomic"

	"jamibox/turn/port"
)

// Rules are what an operator decides.
type Rules struct {
	// Deny holds networks that are out of reach, Allow the exceptions to them,
	// to DenyLinkLocal and to the denial of 240.0.0.0/4. Neither has a say on
	// the box's own addresses, and Allow opens no address at which the box
	// answers too: loopback, unspecified, multicast, broadcast.
	Allow, Deny []netip.Prefix
	// RefuseDenied makes Forbids report what Deny holds.
	RefuseDenied bool
	// DenyLinkLocal denies link-local peers, which are the only ones in a
	// network without DHCP.
	DenyLinkLocal bool
	// AllowLoopback makes loopback addresses ordinary ones, for tests.
	AllowLoopback bool
}

// Policy decides on peers. Its methods are safe for concurrent use; those that
// decide take neither locks nor memory.
type Policy struct {
	rules Rules
	ports port.Range
	own   atomic.Pointer[ownAddrs]

	admitted admissions
}

// New returns the policy of a box that relays from the given ports and has no
// addresses until SetOwn tells them.
func New(rules Rules, ports port.Range) *Policy {
	rules.Allow, rules.Deny = unmapped(rules.Allow), unmapped(rules.Deny)
	p := &Policy{rules: rules, ports: ports}
	p.SetOwn(nil)
	return p
}

// SetOwn replaces the box's own addresses: those of its interfaces, and those
// it advertises.
func (p *Policy) SetOwn(own []Own) {
	p.own.Store(newOwnAddrs(own, p.rules.AllowLoopback))
}

// AllowsUDP reports whether packets may go to and come from a peer. The box's
// own addresses are good for relayed ports alone, where the other side of a
// call may have its relay; its services are out of reach through the relay.
func (p *Policy) AllowsUDP(peer netip.AddrPort) bool {
	return peer.Port() != 0 && p.allows(peer.Addr(), p.ports.Contains(peer.Port()))
}

// AllowsTCP reports whether a peer may be connected with. The box's own
// addresses may not, but for what Admit admits.
func (p *Policy) AllowsTCP(peer netip.AddrPort) bool {
	return peer.Port() != 0 && p.allows(peer.Addr(), false) || p.admitted.has(peer)
}

// Forbids reports whether a request that names the peer is to be refused (403,
// RFC 8656, section 10.2), since the operator denies it and wants clients told.
// Requests for other denied peers must be granted, and what goes there dropped:
// Jami asks for all candidates of a peer in one request, and refusing a single
// one, such as a container bridge's address, would cost it all of them.
func (p *Policy) Forbids(addr netip.Addr) bool {
	if !p.rules.RefuseDenied {
		return false
	}
	addr = addr.Unmap().WithZone("")
	if p.own.Load().addrs[addr] {
		return false
	}
	inner, embedded := embeddedIPv4(addr)
	return p.listed(addr) == denied || embedded && p.Forbids(inner)
}

// allows decides on an address; relayed says that it comes with a relayed port.
func (p *Policy) allows(addr netip.Addr, relayed bool) bool {
	addr = addr.Unmap().WithZone("")
	own := p.own.Load()
	if is, near := own.addrs[addr]; near {
		return is && relayed
	}
	if !addr.IsValid() || containedIn(own.loopbacks, addr) || answersAnywhere(addr) ||
		addr.IsLoopback() && !p.rules.AllowLoopback {
		return false
	}
	if inner, embedded := embeddedIPv4(addr); embedded && !p.allows(inner, relayed) {
		return false
	}
	switch p.listed(addr) {
	case allowed:
		return true
	case denied:
		return false
	}
	return !isReserved(addr) && !(p.rules.DenyLinkLocal && addr.IsLinkLocalUnicast())
}

// verdict is what the operator's lists say.
type verdict int

const (
	unlisted verdict = iota
	allowed
	denied
)

func (p *Policy) listed(addr netip.Addr) verdict {
	switch {
	case containedIn(p.rules.Allow, addr):
		return allowed
	case containedIn(p.rules.Deny, addr):
		return denied
	}
	return unlisted
}

func containedIn(networks []netip.Prefix, addr netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// unmapped writes IPv4 networks in their IPv4 form, the only one that addresses
// are compared in.
func unmapped(networks []netip.Prefix) []netip.Prefix {
	plain := make([]netip.Prefix, 0, len(networks))
	for _, network := range networks {
		if addr := network.Addr(); addr.Is4In6() && network.Bits() >= 96 {
			network = netip.PrefixFrom(addr.Unmap(), network.Bits()-96)
		}
		plain = append(plain, network)
	}
	return plain
}
