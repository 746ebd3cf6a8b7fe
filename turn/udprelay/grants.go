// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

const (
	permissionLifetime = 5 * time.Minute  // RFC 8656, section 9
	channelLifetime    = 10 * time.Minute // RFC 8656, section 12
	// maxPermissions and maxChannels bound what an allocation may have at a
	// time; all channels are gone through for each packet.
	maxPermissions = 256
	maxChannels    = 64
	// maxPeers bounds the addresses of one CreatePermission request.
	maxPeers = 64
)

// grants remembers what pion holds for an allocation, which sets it no bounds.
// Lists, since hardly any allocation has more than a few of each, and a map takes
// half a kilobyte for its first entry. The zero value is ready for use, in pion's
// read loop; bound and channelOf may be called by any goroutine.
type grants struct {
	permissions []permission
	channels    atomic.Pointer[[]binding] // of a list that never changes; nil for none
}

// permission is good for one address.
type permission struct {
	peer  netip.Addr
	until time.Time
}

// binding is what a channel number stands for.
type binding struct {
	number uint16
	peer   netip.AddrPort
	until  time.Time
}

// roomForPeers reports whether permissions for all peers are within the bound.
func (g *grants) roomForPeers(peers []netip.AddrPort, now time.Time) bool {
	added := 0
	for _, peer := range peers {
		if g.permission(peer.Addr()) == nil {
			added++
		}
	}
	if len(g.permissions)+added <= maxPermissions {
		return true
	}
	g.permissions = slices.DeleteFunc(g.permissions, func(p permission) bool { return !now.Before(p.until) })
	return len(g.permissions)+added <= maxPermissions
}

// roomForChannel reports whether another channel is within the bound.
func (g *grants) roomForChannel(number uint16, now time.Time) bool {
	room := 0
	for _, b := range g.bindings() {
		if b.number == number {
			return true
		}
		if now.Before(b.until) {
			room++
		}
	}
	return room < maxChannels
}

func (g *grants) permit(peer netip.Addr, now time.Time) {
	until := now.Add(permissionLifetime)
	if p := g.permission(peer); p != nil {
		p.until = until
		return
	}
	g.permissions = append(g.permissions, permission{peer, until})
}

// bind adds a channel or prolongs it, and forgets those that have expired.
func (g *grants) bind(number uint16, peer netip.AddrPort, now time.Time) {
	channels := []binding{{number, peer, now.Add(channelLifetime)}}
	for _, b := range g.bindings() {
		if b.number != number && now.Before(b.until) {
			channels = append(channels, b)
		}
	}
	g.channels.Store(&channels)
}

// bound returns the peer that a channel is bound to.
func (g *grants) bound(number uint16) (netip.AddrPort, bool) {
	for _, b := range g.bindings() {
		if b.number == number {
			return b.peer, time.Until(b.until) > 0
		}
	}
	return netip.AddrPort{}, false
}

// channelOf returns the channel that is bound to a peer.
func (g *grants) channelOf(peer netip.AddrPort) (uint16, bool) {
	for _, b := range g.bindings() {
		if b.peer == peer {
			return b.number, time.Until(b.until) > 0
		}
	}
	return 0, false
}

func (g *grants) bindings() []binding {
	if channels := g.channels.Load(); channels != nil {
		return *channels
	}
	return nil
}

func (g *grants) permission(peer netip.Addr) *permission {
	for i := range g.permissions {
		if g.permissions[i].peer == peer {
			return &g.permissions[i]
		}
	}
	return nil
}
