// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package udprelay

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// wsaMessageTooLong is how Windows tells that it cut a datagram short. Anybody can
// send such, so it must not count as a failure of the socket.
const wsaMessageTooLong = syscall.Errno(10040)

// arrivals holds one datagram, with a byte to spare that tells one cut short.
type arrivals []byte

func newArrivals(size int) *arrivals {
	a := make(arrivals, size+1)
	return &a
}

// receiver takes datagrams off a UDP socket. It is for one goroutine.
type receiver struct {
	conn   *net.UDPConn
	buffer arrivals
}

func newReceiver(conn *net.UDPConn, pool *sync.Pool) (*receiver, error) {
	return &receiver{conn: conn, buffer: *pool.Get().(*arrivals)}, nil
}

func (r *receiver) more() bool { return false }

// receive returns the next datagram, which is good until the next call.
func (r *receiver) receive() ([]byte, netip.AddrPort, error) {
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(r.buffer)
		if errors.Is(err, wsaMessageTooLong) {
			continue
		}
		if err != nil {
			return nil, netip.AddrPort{}, err
		}
		if n < len(r.buffer) {
			return r.buffer[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), nil
		}
	}
}
