// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"net/netip"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

// connectionsPerAllocation is how many connections of peers jamibox keeps for
// an allocation.
const connectionsPerAllocation = 32

func incomingPoints() []point {
	return []point{
		{
			row: "ConnectionAttempt", over: tcp | secure, jami: true,
			try: func(c *client) string {
				_, peer, attempt := c.approached()
				return seen(attempt, attempt.connection() != 0,
					attempt.address(stun.AttrXORPeerAddress) == addrOf(peer.LocalAddr()), attempt.Contains(stun.AttrMessageIntegrity))
			},
			want: "indication, true, true, false",
		},
		{
			row: "ConnectionAttempt: IPv6", over: tcp, at: server6,
			try: func(c *client) string {
				_, peer, attempt := c.approached()
				return seen(attempt, attempt.address(stun.AttrXORPeerAddress) == addrOf(peer.LocalAddr()))
			},
			want: "indication, true",
		},
		{
			row: "peer without permission is reset", over: tcp | secure, jami: true,
			try: func(c *client) string {
				relayed := c.allocate(relayTCP)
				permitted := c.permit(peer4)
				return seen(permitted, refusal(c, stranger, relayed))
			},
			want: "success, reset",
		},
		{
			row: "peer that comes before its permission is reset, then welcome", over: tcp, jami: true,
			try: func(c *client) string {
				relayed := c.allocate(relayTCP)
				early := refusal(c, peer4, relayed)
				permitted := c.permit(peer4)
				_, err := peerDials(c.t, peer4, relayed)
				return seen(early, permitted, err, c.attempt())
			},
			want: "reset, success, <nil>, indication",
		},
		{
			row: "peer among candidates with loopback is welcome", over: tcp, jami: true,
			try: func(c *client) string {
				relayed := c.allocate(relayTCP)
				permitted := c.permit("127.0.0.1", peer4)
				if permitted.String() != "success" {
					return permitted.String()
				}
				_, err := peerDials(c.t, peer4, relayed)
				return seen(permitted, err, c.attempt())
			},
			want: "success, <nil>, indication", coturn: "403",
		},
		{
			row: "policy: connections of peers are bounded", over: tcp,
			try: func(c *client) string {
				relayed := c.allocate(relayTCP)
				permitted := c.permit(peer4)
				for range connectionsPerAllocation {
					_, err := peerDials(c.t, peer4, relayed)
					require.NoError(c.t, err)
					require.NoError(c.t, c.attempt().err)
				}
				return seen(permitted, refusal(c, peer4, relayed), c.do(stun.MethodRefresh))
			},
			want: "success, reset, success", coturn: "success, silence, success",
		},
	}
}

// refusal tells how the relay treats a peer that it should not let in. The
// reset may be as quick as to be seen by the dialling peer.
func refusal(c *client, peer string, relayed netip.AddrPort) string {
	c.t.Helper()
	conn, err := peerDials(c.t, peer, relayed)
	if err != nil {
		return failure(err)
	}
	return ending(conn)
}
