// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/message"
)

const (
	minChannel = 0x4000
	maxChannel = 0x7FFF // RFC 5766, section 11; RFC 8656 gives out fewer
)

// createPermission serves a CreatePermission request (RFC 8656, section 10.2).
func (c *core) createPermission(r *request, s *session) {
	peers, err := message.Peers(r.Message)
	if err != nil || len(peers) == 0 {
		r.refuse(stun.CodeBadRequest)
		return
	}
	if code := c.unreachable(s, peers); code != 0 {
		r.refuse(code)
		return
	}
	now := time.Now()
	if len(peers) > maxPeers || !s.grants.roomForPeers(peers, now) {
		r.refuse(stun.CodeInsufficientCapacity)
		return
	}
	attrs := make([]stun.Setter, len(peers))
	for i, peer := range peers {
		attrs[i] = message.PeerAddress(peer)
	}
	c.ask(s, stun.MethodCreatePermission, func(granted bool) {
		if !granted {
			r.refuse(stun.CodeInsufficientCapacity)
			return
		}
		for _, peer := range peers {
			s.grants.permit(peer.Addr(), now)
			s.entry.Permit(peer.Addr())
		}
		r.grant()
	}, attrs...)
}

// channelBind serves a ChannelBind request (RFC 8656, section 12.2).
func (c *core) channelBind(r *request, s *session) {
	number, given, err := message.ChannelNumber(r.Message)
	if err != nil || !given || number < minChannel || number > maxChannel {
		r.refuse(stun.CodeBadRequest)
		return
	}
	peers, err := message.Peers(r.Message)
	if err != nil || len(peers) == 0 {
		r.refuse(stun.CodeBadRequest)
		return
	}
	peer := peers[:1]
	if code := c.unreachable(s, peer); code != 0 {
		r.refuse(code)
		return
	}
	now := time.Now()
	if !s.grants.roomForPeers(peer, now) || !s.grants.roomForChannel(number, now) {
		r.refuse(stun.CodeInsufficientCapacity)
		return
	}
	value := binary.BigEndian.AppendUint16(nil, number)
	c.ask(s, stun.MethodChannelBind, func(granted bool) {
		if !granted {
			// The number or the peer is bound otherwise.
			r.refuse(stun.CodeBadRequest)
			return
		}
		s.grants.bind(number, peer[0], now)
		s.grants.permit(peer[0].Addr(), now)
		s.entry.Permit(peer[0].Addr())
		s.entry.Peer(peer[0])
		r.grant()
	}, stun.RawAttribute{Type: stun.AttrChannelNumber, Value: append(value, 0, 0)}, message.PeerAddress(peer[0]))
}

// unreachable returns why there is no permission for peers, or 0. Peers that are
// only denied by policy get one, and their packets are dropped: Jami asks for
// all candidates of a peer in one request, and a refusal would cost it all.
func (c *core) unreachable(s *session, peers []netip.AddrPort) stun.ErrorCode {
	for _, peer := range peers {
		if message.FamilyOf(peer.Addr()) != s.family {
			return stun.CodePeerAddrFamilyMismatch
		}
	}
	for _, peer := range peers {
		if c.cfg.Peers.Forbids(peer.Addr()) {
			return stun.CodeForbidden
		}
	}
	return 0
}
