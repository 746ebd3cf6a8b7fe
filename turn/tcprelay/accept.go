// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/message"
)

const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

// accept takes the connections of peers until the allocation ends. Errors such
// as too many open files make it pause.
func (a *allocation) accept() {
	pause := minAcceptPause
	for {
		conn, err := a.listener.AcceptTCP()
		switch {
		case err == nil:
			a.incoming(conn)
			pause = minAcceptPause
		case errors.Is(err, net.ErrClosed):
			return
		default:
			a.control.log.Warn("accepting a peer", "user", a.owner.Username, "err", err)
			select {
			case <-time.After(pause):
				pause = min(2*pause, maxAcceptPause)
			case <-a.ctx.Done():
				return
			}
		}
	}
}

// incoming announces a peer's connection to the client (RFC 6062, section 5.3),
// or resets one that has no permission or no room.
func (a *allocation) incoming(conn *net.TCPConn) {
	remote := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	peer := netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	if !a.permits(peer.Addr()) || !a.relay.Peers.AllowsTCP(peer) {
		a.entry.Denied(1)
		a.control.log.Debug("peer denied", "user", a.owner.Username, "peer", peer)
		reset(conn)
		return
	}
	c, code := a.reserve(peer, [stun.TransactionIDSize]byte{})
	if c == nil {
		a.control.log.Debug("peer refused", "user", a.owner.Username, "peer", peer, "code", int(code))
		reset(conn)
		return
	}
	a.entry.Peer(peer)
	id, ok := a.hold(c, conn)
	if !ok {
		return
	}
	attempt, err := stun.Build(
		stun.TransactionID,
		stun.NewType(stun.MethodConnectionAttempt, stun.ClassIndication),
		message.ConnectionIDOf(id),
		message.PeerAddress(peer),
	)
	if err != nil {
		a.control.log.Warn("announcing a peer", "user", a.owner.Username, "peer", peer, "err", err)
		a.discard(c)
		return
	}
	a.control.send(attempt.Raw)
}
