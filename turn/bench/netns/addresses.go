// SPDX-License-Identifier: GPL-3.0-or-later

package netns

import (
	"encoding/binary"
	"net/netip"
)

// Clients is the network of the relay's clients.
func Clients() netip.Prefix { return netip.MustParsePrefix("10.80.0.0/12") }

// Vanishing is the network of clients that will fall silent.
func Vanishing() netip.Prefix { return netip.MustParsePrefix("10.100.0.0/16") }

// Peers is the network of the clients' peers.
func Peers() netip.Prefix { return netip.MustParsePrefix("10.110.0.0/16") }

// Host returns the i-th host address of a network, counted from 0 and round it.
func Host(network netip.Prefix, i int) netip.Addr {
	hosts := 1<<(32-network.Bits()) - 2 // without the network's own and broadcast
	first := network.Masked().Addr().As4()
	var host [4]byte
	binary.BigEndian.PutUint32(host[:], binary.BigEndian.Uint32(first[:])+1+uint32(i%hosts))
	return netip.AddrFrom4(host)
}
