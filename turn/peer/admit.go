// SPDX-License-Identifier: GPL-3.0-or-later

package peer

import (
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
)

// admissions are peers that may be reached over TCP against the rules.
type admissions struct {
	peers    atomic.Pointer[map[netip.AddrPort]struct{}] // never changed once stored
	changing sync.Mutex
}

func (a *admissions) has(peer netip.AddrPort) bool {
	peers := a.peers.Load()
	if peers == nil {
		return false
	}
	_, ok := (*peers)[netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())]
	return ok
}

func (a *admissions) change(edit func(map[netip.AddrPort]struct{})) {
	a.changing.Lock()
	defer a.changing.Unlock()
	next := make(map[netip.AddrPort]struct{})
	if peers := a.peers.Load(); peers != nil {
		next = maps.Clone(*peers)
	}
	edit(next)
	a.peers.Store(&next)
}

// Admit lets one transport address be reached over TCP whatever the rules say,
// until withdraw is called. It is for the box's own health probe: the caller
// must hold that very port of its own address.
func (p *Policy) Admit(peer netip.AddrPort) (withdraw func()) {
	peer = netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
	p.admitted.change(func(peers map[netip.AddrPort]struct{}) { peers[peer] = struct{}{} })
	return func() {
		p.admitted.change(func(peers map[netip.AddrPort]struct{}) { delete(peers, peer) })
	}
}
