// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"math/rand/v2"
	"net/netip"
	"sync/atomic"

	"jamibox/turn/bench/client"
	"jamibox/turn/bench/netns"
	"jamibox/turn/bench/server"
)

// place is where clients come from: each from an address and a device of its
// own, so that none meets the limits made for one of them. Safe for concurrent
// use.
type place struct {
	relay *server.Jamibox
	last  atomic.Int64
}

// next returns a number that no client had.
func (p *place) next() int { return int(p.last.Add(1)) }

// dial makes a client over "udp" or "tcp", with a device of its own.
func (p *place) dial(network string) (*client.Client, error) {
	i := p.next()
	return p.dialAs(network, i, clientAddr(i))
}

func (p *place) dialAs(network string, device int, local netip.Addr) (*client.Client, error) {
	username, password := p.relay.Credentials(device)
	return client.Dial(network, local, server.Addr(), username, password)
}

func clientAddr(i int) netip.Addr { return netns.Host(netns.Clients(), i) }

// peer returns an address for a peer.
func (p *place) peer() netip.Addr { return netns.Host(netns.Peers(), rand.IntN(60_000)) }

func anyNetwork() string {
	if rand.IntN(2) == 0 {
		return "tcp"
	}
	return "udp"
}
