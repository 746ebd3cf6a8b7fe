// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

func teardownPoints() []point {
	var points []point
	for _, ended := range []struct {
		by  string
		end func(*client)
	}{
		{"Refresh 0", func(c *client) {
			require.Equal(c.t, "success", c.do(stun.MethodRefresh, lifetimeOf(0)).String())
		}},
		{"loss of the control connection", func(c *client) { require.NoError(c.t, c.conn.Close()) }},
	} {
		points = append(points, []point{
			{
				row: "teardown: relayed address after " + ended.by, over: tcp,
				try: func(c *client) string {
					relayed := c.allocate(relayTCP)
					ended.end(c)
					require.Eventually(c.t, func() bool {
						_, err := peerDials(c.t, peer4, relayed)
						return err != nil && failure(err) == "refused"
					}, patience, 10*time.Millisecond)
					return "refused"
				},
				want: "refused",
			},
			{
				row: "teardown: pending connection after " + ended.by, over: tcp,
				try: func(c *client) string {
					_, peer, attempt := c.approached()
					ended.end(c)
					peerEnded := over(ending(peer))
					_, bound := c.bind(attempt.connection())
					return seen(peerEnded, bound)
				},
				want: "over, 400", coturn: "over, reset or over, closed",
			},
			{
				row: "teardown: bound connection after " + ended.by, over: tcp,
				try: func(c *client) string {
					data, peer := c.channelled()
					ended.end(c)
					return seen(over(ending(peer)), over(ending(data)))
				},
				want: "over, over",
			},
		}...)
	}
	return points
}

// over takes a close and a reset for the same.
func over(ending string) string {
	if ending == "closed" || ending == "reset" {
		return "over"
	}
	return ending
}
