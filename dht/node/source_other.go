// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package node

import "net/netip"

// followAddrs does nothing: which of our addresses peers use is not known.
func (s *socket) followAddrs() error { return nil }

// destination returns no address.
func (r *receiver) destination(int) netip.Addr { return netip.Addr{} }

// addFrom is add: the system chooses the address.
func (s *sender) addFrom(datagram []byte, _ netip.Addr, to netip.AddrPort) (full bool) {
	return s.add(datagram, to)
}
