// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"net/netip"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/message"
)

// createPermission answers a CreatePermission request (RFC 8656, section 10.2),
// which succeeds for all of its addresses or for none. An address that the
// policy denies is granted all the same, since Jami asks for all candidates of a
// peer at once; its connections are reset.
func (a *allocation) createPermission(req request) []byte {
	peers, err := message.Peers(req.Message)
	if err != nil || len(peers) == 0 || len(peers) > maxPeers {
		return a.relay.failure(req, stun.CodeBadRequest)
	}
	for _, peer := range peers {
		if message.FamilyOf(peer.Addr()) != a.family {
			return a.relay.failure(req, stun.CodePeerAddrFamilyMismatch)
		}
		if a.relay.Peers.Forbids(peer.Addr()) {
			return a.relay.failure(req, stun.CodeForbidden)
		}
	}
	if !a.permit(peers) {
		return a.relay.failure(req, stun.CodeInsufficientCapacity)
	}
	for _, peer := range peers {
		a.entry.Permit(peer.Addr())
	}
	return req.success()
}

// permit installs or renews permissions, or none if there would be too many.
func (a *allocation) permit(peers []netip.AddrPort) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if len(a.permissions)+len(peers) > maxPermissions {
		for addr, until := range a.permissions {
			if now.After(until) {
				delete(a.permissions, addr)
			}
		}
		if len(a.permissions)+len(peers) > maxPermissions {
			return false
		}
	}
	for _, peer := range peers {
		a.permissions[peer.Addr()] = now.Add(a.relay.limits.permission)
	}
	return true
}

func (a *allocation) permits(addr netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().Before(a.permissions[addr])
}
