// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package node

import (
	"net"
	"net/netip"

	"jamibox/dht/wire"
)

// receiver takes datagrams off a UDP socket. It is for one goroutine.
type receiver struct {
	conn   *net.UDPConn
	buffer []byte // with a byte to spare that tells a datagram cut short
	n      int
	from   netip.AddrPort
}

func newReceiver(socket *socket) *receiver {
	return &receiver{conn: socket.conn, buffer: make([]byte, wire.MaxDatagram+1)}
}

// receive waits for datagrams and returns how many there are.
func (r *receiver) receive() (int, error) {
	var err error
	if r.n, r.from, err = r.conn.ReadFromUDPAddrPort(r.buffer); err != nil {
		return 0, err
	}
	return 1, nil
}

// at returns a datagram, which is good until the next receive, and whether it is
// whole.
func (r *receiver) at(int) (datagram []byte, from netip.AddrPort, whole bool) {
	return r.buffer[:r.n], netip.AddrPortFrom(r.from.Addr().Unmap(), r.from.Port()), r.n <= wire.MaxDatagram
}
