// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"errors"
	"net/netip"
	"strings"
	"sync"

	"jamibox/turn/message"
	"jamibox/turn/port"
)

// Advertised is an address that clients reach the relay at.
type Advertised struct {
	// Addr is what clients are told.
	Addr netip.Addr
	// Local is the address of the box that a NAT forwards Addr to; not valid
	// where there is none.
	Local netip.Addr
}

var errAdvertised = errors.New(`an IP address that clients can reach, such as "10.0.0.1", or "203.0.113.5/192.168.1.10" behind a NAT`)

// ParseAdvertised understands "address" and "address/local address", both of
// one family.
func ParseAdvertised(text string) (Advertised, error) {
	outer, inner, mapped := strings.Cut(text, "/")
	var a Advertised
	var ok bool
	if a.Addr, ok = parseUnicast(outer); !ok {
		return Advertised{}, errAdvertised
	}
	if !mapped {
		return a, nil
	}
	if a.Local, ok = parseUnicast(inner); !ok || a.Local.Is4() != a.Addr.Is4() {
		return Advertised{}, errAdvertised
	}
	return a, nil
}

// AdvertisedAddrs returns the addresses of Advertise that clients are told, as
// texts, without those that cannot be understood.
func (c Config) AdvertisedAddrs() []string {
	var addrs []string
	for _, text := range c.Advertise {
		if a, err := ParseAdvertised(text); err == nil {
			addrs = append(addrs, a.Addr.String())
		}
	}
	return addrs
}

func parseUnicast(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text)
	zone := addr.Zone()
	addr = addr.Unmap()
	return addr, err == nil && zone == "" && !addr.IsUnspecified() && !addr.IsMulticast()
}

// addressBook chooses the relayed address of a client. Safe for concurrent use.
type addressBook struct {
	advertised []Advertised
	ports      port.Range

	mu    sync.Mutex
	local map[netip.Addr]bool    // the box's addresses: false once they are gone; guarded by mu
	pools map[poolKey]*port.Pool // guarded by mu
}

// poolKey tells port pools apart. Addresses share one, since a socket may be
// bound to all of them.
type poolKey struct {
	protocol string
	family   message.Family
}

func newAddressBook(advertised []Advertised, ports port.Range) *addressBook {
	return &addressBook{
		advertised: advertised,
		ports:      ports,
		local:      make(map[netip.Addr]bool),
		pools:      make(map[poolKey]*port.Pool),
	}
}

// update says which addresses the box has now.
func (b *addressBook) update(local []localAddr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for addr := range b.local {
		b.local[addr] = false
	}
	for _, l := range local {
		b.local[l.addr()] = true
	}
}

// over returns the addresses with the ports of one protocol.
func (b *addressBook) over(protocol string) relayedAddresses {
	return relayedAddresses{book: b, protocol: protocol}
}

// relayedAddresses are the addresses of an addressBook for one protocol.
type relayedAddresses struct {
	book     *addressBook
	protocol string
}

// Relayed returns the address that a client is told which came in on server and
// asks for a family, where its sockets are bound, and their ports; false if the
// family is not served.
func (r relayedAddresses) Relayed(family message.Family, server netip.Addr) (relayed, bind netip.Addr, ports *port.Pool, ok bool) {
	b := r.book
	b.mu.Lock()
	defer b.mu.Unlock()
	relayed, bind, ok = b.choose(family, server.Unmap())
	if !ok {
		return relayed, bind, nil, false
	}
	key := poolKey{r.protocol, family}
	if b.pools[key] == nil {
		b.pools[key] = port.NewPool(b.ports)
	}
	return relayed, bind, b.pools[key], true
}

func (b *addressBook) choose(family message.Family, server netip.Addr) (relayed, bind netip.Addr, ok bool) {
	wildcard := netip.IPv4Unspecified()
	if family == message.IPv6 {
		wildcard = netip.IPv6Unspecified()
	}
	fits := func(addr netip.Addr) bool { return addr.Is4() == wildcard.Is4() }
	var first *Advertised
	for i, a := range b.advertised {
		if !fits(a.Addr) || b.lost(a) {
			continue
		}
		if first == nil {
			first = &b.advertised[i]
		}
		if a.Addr == server || a.Local == server {
			first = &b.advertised[i]
			break
		}
	}
	if first == nil {
		// All that was advertised is gone, as after a change of the network:
		// the client proves that the address it came in on works.
		if b.serves(fits) && fits(server) && b.local[server] && !server.IsLoopback() {
			return server, server, true
		}
		return netip.Addr{}, netip.Addr{}, false
	}
	for _, addr := range []netip.Addr{first.Local, first.Addr} {
		if b.local[addr] {
			return first.Addr, addr, true
		}
	}
	// Forwarded to this box by something in front of it.
	return first.Addr, wildcard, true
}

// lost reports whether the box had the address and does not any more. One that
// it never had is a NAT's.
func (b *addressBook) lost(a Advertised) bool {
	addr := a.Addr
	if a.Local.IsValid() {
		addr = a.Local
	}
	here, known := b.local[addr]
	return known && !here
}

// serves reports whether an address of the family is advertised at all.
func (b *addressBook) serves(fits func(netip.Addr) bool) bool {
	for _, a := range b.advertised {
		if fits(a.Addr) {
			return true
		}
	}
	return false
}

// used returns how many relayed ports are open.
func (b *addressBook) used() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, pool := range b.pools {
		n += pool.Len()
	}
	return n
}
