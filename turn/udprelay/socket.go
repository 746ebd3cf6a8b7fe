// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"jamibox/turn/ledger"
)

// socketLink is a listening UDP socket.
type socketLink struct {
	*receiver
	*sender
	conn   *net.UDPConn
	relay  *Relay
	local  netip.AddrPort
	errors int // in a row
}

func newSocketLink(conn *net.UDPConn, r *Relay) (*socketLink, error) {
	in, err := newReceiver(conn, &r.pools.clients)
	if err != nil {
		return nil, err
	}
	out, err := newSender(conn)
	if err != nil {
		return nil, err
	}
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return &socketLink{
		receiver: in,
		sender:   out,
		conn:     conn,
		relay:    r,
		local:    netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
	}, nil
}

// receive passes single failures over: they say nothing about the socket.
func (l *socketLink) receive() ([]byte, netip.AddrPort, error) {
	for {
		msg, from, err := l.receiver.receive()
		switch {
		case err == nil:
			l.errors = 0
			return msg, from, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			// Before the core looks why: the next to wake it sets another.
			if err := l.conn.SetReadDeadline(time.Time{}); err != nil {
				return nil, netip.AddrPort{}, err
			}
			return nil, netip.AddrPort{}, errWoken
		case errors.Is(err, net.ErrClosed):
			return nil, netip.AddrPort{}, err
		}
		if l.errors++; l.errors > maxReadErrors {
			return nil, netip.AddrPort{}, err
		}
	}
}

// wake fails only on a closed socket, which needs no waking.
func (l *socketLink) wake() { _ = l.conn.SetReadDeadline(time.Unix(1, 0)) }

func (l *socketLink) answer(msg []byte, to netip.AddrPort) {
	if _, err := l.conn.WriteToUDPAddrPort(msg, to); err != nil {
		l.relay.cfg.Logger.Debug("answering a client", "remote", to, "err", err)
	}
}

func (l *socketLink) server() netip.AddrPort { return l.local }

func (l *socketLink) over() ledger.Transport { return ledger.OverUDP }
