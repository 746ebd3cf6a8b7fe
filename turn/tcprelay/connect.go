// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"fmt"
	"net"

	"github.com/pion/stun/v2"

	"jamibox/turn/message"
)

// connect answers a Connect request (RFC 6062, section 5.2) at once if it
// cannot be met, and otherwise, by returning nil, when the peer has answered.
func (a *allocation) connect(req request) []byte {
	peers, err := message.Peers(req.Message)
	if err != nil || len(peers) == 0 || peers[0].Port() == 0 {
		return a.relay.failure(req, stun.CodeBadRequest)
	}
	peer := peers[0]
	if message.FamilyOf(peer.Addr()) != a.family {
		return a.relay.failure(req, stun.CodePeerAddrFamilyMismatch)
	}
	if !a.relay.Peers.AllowsTCP(peer) {
		a.entry.Denied(1)
		return a.relay.failure(req, stun.CodeForbidden)
	}
	if id, yes := a.repeated(req, peer); yes {
		if id == 0 {
			return nil
		}
		return req.success(message.ConnectionIDOf(id))
	}
	c, code := a.reserve(peer, req.TransactionID)
	if c == nil {
		return a.relay.failure(req, code)
	}
	a.entry.Peer(peer)
	a.control.running.Go(func() {
		if answer := a.establish(req, c); answer != nil {
			a.control.send(answer)
		}
	})
	return nil
}

// establish dials a reserved connection and returns the answer to the request
// for it, nil if the allocation has ended meanwhile.
func (a *allocation) establish(req request, c *connection) []byte {
	conn, err := a.dial(c)
	if err != nil {
		a.release(c)
		if a.ctx.Err() != nil {
			return nil
		}
		a.control.log.Debug("connecting for a client", "user", a.owner.Username, "err", err)
		return a.relay.failure(req, stun.CodeConnTimeoutOrFailure)
	}
	id, ok := a.hold(c, conn)
	if !ok {
		return nil
	}
	return req.success(message.ConnectionIDOf(id))
}

// dial connects from the relayed address.
func (a *allocation) dial(c *connection) (*net.TCPConn, error) {
	dialer := net.Dialer{
		LocalAddr: net.TCPAddrFromAddrPort(a.local),
		Timeout:   a.relay.limits.dial,
		Control:   sharePort,
	}
	conn, err := dialer.DialContext(a.ctx, network(a.local.Addr()), c.peer.String())
	if err != nil {
		return nil, fmt.Errorf("connecting to peer %s: %w", c.peer, err)
	}
	return conn.(*net.TCPConn), nil
}
