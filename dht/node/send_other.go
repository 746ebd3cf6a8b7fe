// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package node

import (
	"net"
	"net/netip"
)

// sender sends datagrams from a UDP socket. It is for one goroutine.
type sender struct {
	conn   *net.UDPConn
	unsent int
}

func newSender(socket *socket) *sender { return &sender{conn: socket.conn} }

// add sends a datagram to an address of the socket's family. When it reports
// true, flush is due.
func (s *sender) add(datagram []byte, to netip.AddrPort) (full bool) {
	if _, err := s.conn.WriteToUDPAddrPort(datagram, to); err != nil {
		s.unsent++
	}
	return false
}

// flush returns how many datagrams could not be sent. They are lost, as on a
// network: to wait for one peer would hold up all.
func (s *sender) flush() (unsent int) {
	unsent, s.unsent = s.unsent, 0
	return unsent
}
