// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

// flood is how many requests are sent at once to a relay that bounds them.
const flood = 120

func throttlePoints() []point {
	return []point{
		{
			row: "policy: requests without credentials are answered within bounds", over: udp,
			try: func(c *client) string {
				c.challenge(stun.MethodAllocate, transportOf(relayUDP))
				for range flood {
					require.NoError(c.t, c.send(request(stun.MethodAllocate, transportOf(relayUDP)).Raw))
				}
				return seen(c.do(stun.MethodAllocate, transportOf(relayUDP)), len(c.inbox) < flood/2)
			},
			want: "success, true", coturn: "success, false",
		},
		{
			row: "policy: wrong passwords are answered within bounds", over: udp,
			try: func(c *client) string {
				c.challenge(stun.MethodAllocate, transportOf(relayUDP))
				c.password = "wrong"
				for range flood {
					require.NoError(c.t, c.send(c.sign(request(stun.MethodAllocate, transportOf(relayUDP))).Raw))
				}
				c.steal() // the other user is not guilty
				return seen(c.do(stun.MethodAllocate, transportOf(relayUDP)), len(c.inbox) < flood/2)
			},
			want: "success, true", coturn: "437 unsigned, false or 437 unsigned, true",
		},
	}
}
