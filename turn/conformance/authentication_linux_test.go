// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

// allocateSigned sends an Allocate request that is signed in a way of its own,
// after a challenge.
func (c *client) allocateSigned(protocol byte, how func() []stun.Setter) answer {
	c.t.Helper()
	c.challenge(stun.MethodAllocate, transportOf(protocol))
	return c.ask(build(request(stun.MethodAllocate, transportOf(protocol)), how()...))
}

func authenticationPoints() []point {
	var points []point
	for _, relayed := range relayings() {
		allocate := func(c *client) string {
			return c.do(stun.MethodAllocate, transportOf(relayed.protocol)).String()
		}
		for _, p := range []point{
			{
				row: "no MESSAGE-INTEGRITY",
				try: func(c *client) string {
					return c.ask(request(stun.MethodAllocate, transportOf(relayed.protocol))).String()
				},
				want: "401 REALM NONCE",
			},
			{
				row: "no USERNAME",
				try: func(c *client) string {
					return c.allocateSigned(relayed.protocol, func() []stun.Setter {
						return []stun.Setter{stun.NewRealm(c.realm), stun.NewNonce(c.nonce), c.key()}
					}).String()
				},
				want: "400",
			},
			{
				row: "no REALM",
				try: func(c *client) string {
					return c.allocateSigned(relayed.protocol, func() []stun.Setter {
						return []stun.Setter{stun.NewUsername(c.username), stun.NewNonce(c.nonce), c.key()}
					}).String()
				},
				want: "400",
			},
			{
				row: "no NONCE",
				try: func(c *client) string {
					return c.allocateSigned(relayed.protocol, func() []stun.Setter {
						return []stun.Setter{stun.NewUsername(c.username), stun.NewRealm(c.realm), c.key()}
					}).String()
				},
				want: "400",
			},
			{
				row: "unknown nonce",
				try: func(c *client) string {
					c.challenge(stun.MethodAllocate, transportOf(relayed.protocol))
					c.nonce = "0123456789abcdef"
					return allocate(c)
				},
				want: "438 REALM NONCE",
			},
			{
				row: "nonce of the answer 438",
				try: func(c *client) string {
					c.challenge(stun.MethodAllocate, transportOf(relayed.protocol))
					c.nonce = "0123456789abcdef"
					c.nonce = c.do(stun.MethodAllocate, transportOf(relayed.protocol)).text(stun.AttrNonce)
					return allocate(c)
				},
				want: "success",
			},
			{
				row: "wrong password",
				try: func(c *client) string {
					c.password = "wrong"
					return allocate(c)
				},
				want: "401 REALM NONCE",
			},
			{
				row: "unknown user",
				try: func(c *client) string {
					c.username = "nobody"
					return allocate(c)
				},
				want: "401 REALM NONCE",
			},
			{
				row: "wrong realm",
				try: func(c *client) string {
					c.challenge(stun.MethodAllocate, transportOf(relayed.protocol))
					c.realm = "elsewhere.test"
					return allocate(c)
				},
				want: "401 REALM NONCE", coturn: "437 unsigned",
			},
			{
				row: "unknown required attribute",
				try: func(c *client) string {
					return c.do(stun.MethodAllocate, transportOf(relayed.protocol), raw(noSuchAttribute, 1, 2, 3, 4)).String()
				},
				want: "420 UNKNOWN-ATTRIBUTES",
			},
			{
				row: "unknown optional attribute",
				try: func(c *client) string {
					return c.do(stun.MethodAllocate, transportOf(relayed.protocol), raw(0xfffe, 1, 2, 3, 4)).String()
				},
				want: "success",
			},
			{
				row: "attribute behind MESSAGE-INTEGRITY is ignored",
				try: func(c *client) string {
					return c.allocateSigned(relayed.protocol, func() []stun.Setter {
						return append(c.credentials(), raw(noSuchAttribute, 1, 2, 3, 4))
					}).String()
				},
				want: "success", coturn: "420 UNKNOWN-ATTRIBUTES",
			},
			{
				row: "FINGERPRINT",
				try: func(c *client) string {
					a := c.allocateSigned(relayed.protocol, func() []stun.Setter { return append(c.credentials(), stun.Fingerprint) })
					return seen(a, a.hasFingerprint())
				},
				want: "success, true",
			},
			{
				row: "wrong FINGERPRINT",
				try: func(c *client) string {
					c.challenge(stun.MethodAllocate, transportOf(relayed.protocol))
					m := build(request(stun.MethodAllocate, transportOf(relayed.protocol)), append(c.credentials(), stun.Fingerprint)...)
					m.Raw[len(m.Raw)-1] ^= 1
					require.NoError(c.t, c.send(m.Raw))
					return allocate(c)
				},
				want: "success",
			},
		} {
			p.row, p.over = relayed.table+"authentication: "+p.row, relayed.over
			points = append(points, p)
		}
	}
	return points
}

func ownershipPoints() []point {
	peer := peerAt(peer4, 9)
	var points []point
	for _, r := range []struct {
		table    string
		over     transport
		protocol byte
		method   stun.Method
		peer     []stun.Setter
		coturn   string // what it says without allocation
	}{
		{"UDP relay: ", udp | tcp, relayUDP, stun.MethodRefresh, nil, ""},
		{"UDP relay: ", udp | tcp, relayUDP, stun.MethodCreatePermission, []stun.Setter{peer}, "400"},
		{"UDP relay: ", udp | tcp, relayUDP, stun.MethodChannelBind, []stun.Setter{peer, channelOf(channel)}, "400"},
		{"TCP relay: ", tcp, relayTCP, stun.MethodRefresh, nil, ""},
		{"TCP relay: ", tcp, relayTCP, stun.MethodCreatePermission, []stun.Setter{peer}, "400"},
		{"TCP relay: ", tcp, relayTCP, stun.MethodConnect, []stun.Setter{peer}, "403"},
	} {
		points = append(points,
			point{
				row: r.table + r.method.String() + " without allocation", over: r.over,
				jami: r.method == stun.MethodRefresh || r.method == stun.MethodCreatePermission,
				try: func(c *client) string {
					c.challenge(stun.MethodAllocate, transportOf(r.protocol))
					return c.do(r.method, r.peer...).String()
				},
				want: "437", coturn: r.coturn,
			},
			point{
				row: r.table + r.method.String() + " of another user", over: r.over,
				try: func(c *client) string {
					c.allocate(r.protocol)
					c.steal()
					return c.do(r.method, r.peer...).String()
				},
				want: "441", coturn: "441 unsigned",
			})
	}
	return points
}

// steal makes the client another user on the same connection.
func (c *client) steal() {
	other := c.twin()
	c.username, c.password = other.username, other.password
}
