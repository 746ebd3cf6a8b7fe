// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"net/netip"
	"time"
)

const (
	permissionLifetime = 5 * time.Minute  // RFC 8656, section 9
	channelLifetime    = 10 * time.Minute // RFC 8656, section 12
	// maxPermissions and maxChannels bound what an allocation may have at a
	// time; pion goes through all channels for each packet.
	maxPermissions = 256
	maxChannels    = 64
	// maxPeers bounds the addresses of one CreatePermission request.
	maxPeers = 64
)

// grants remembers what pion holds for an allocation, which sets it no bounds.
// The zero value is ready for use.
type grants struct {
	permissions map[netip.Addr]time.Time // to when they last
	channels    map[uint16]time.Time
}

// roomForPeers reports whether permissions for all peers are within the bound.
func (g *grants) roomForPeers(peers []netip.AddrPort, now time.Time) bool {
	added := 0
	for _, peer := range peers {
		if _, known := g.permissions[peer.Addr()]; !known {
			added++
		}
	}
	if len(g.permissions)+added <= maxPermissions {
		return true
	}
	prune(g.permissions, now)
	return len(g.permissions)+added <= maxPermissions
}

// roomForChannel reports whether another channel is within the bound.
func (g *grants) roomForChannel(number uint16, now time.Time) bool {
	if _, known := g.channels[number]; known || len(g.channels) < maxChannels {
		return true
	}
	prune(g.channels, now)
	return len(g.channels) < maxChannels
}

func (g *grants) permit(peer netip.Addr, now time.Time) {
	if g.permissions == nil {
		g.permissions = make(map[netip.Addr]time.Time)
	}
	g.permissions[peer] = now.Add(permissionLifetime)
}

func (g *grants) bind(number uint16, now time.Time) {
	if g.channels == nil {
		g.channels = make(map[uint16]time.Time)
	}
	g.channels[number] = now.Add(channelLifetime)
}

func prune[K comparable](m map[K]time.Time, now time.Time) {
	for key, until := range m {
		if !now.Before(until) {
			delete(m, key)
		}
	}
}
