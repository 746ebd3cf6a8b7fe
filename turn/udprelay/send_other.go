// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package udprelay

import "net"

// batch is what a box needs to be sent, which is nothing here.
type batch struct{}

// sender sends datagrams from a UDP socket. Safe for concurrent use.
type sender struct{ conn *net.UDPConn }

func newSender(conn *net.UDPConn) (*sender, error) { return &sender{conn}, nil }

// carry sends what is in a box. What cannot be sent is lost, as on a network.
func (s *sender) carry(b *box) {
	start := 0
	for _, e := range b.entries {
		_, _ = s.conn.WriteToUDPAddrPort(b.data[start:e.end], e.to)
		start = e.end
	}
}
