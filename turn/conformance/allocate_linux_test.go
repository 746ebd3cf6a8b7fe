// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"time"

	"github.com/pion/stun/v2"
)

func allocatePoints() []point {
	points := []point{
		{
			row: "UDP relay: Allocate", over: udp | tcp | secure,
			try: func(c *client) string {
				a := c.do(stun.MethodAllocate, transportOf(relayUDP))
				return seen(a, a.address(stun.AttrXORRelayedAddress).Addr(), a.lifetime(),
					a.address(stun.AttrXORMappedAddress) == addrOf(c.conn.LocalAddr()))
			},
			want: "success, " + server4 + ", 10m0s, true",
		},
		{
			row: "UDP relay: Allocate over IPv6", over: udp | tcp, at: server6,
			try: func(c *client) string {
				a := c.do(stun.MethodAllocate, transportOf(relayUDP), familyOf(ipv6))
				return seen(a, a.address(stun.AttrXORRelayedAddress).Addr(),
					a.address(stun.AttrXORMappedAddress) == addrOf(c.conn.LocalAddr()))
			},
			want: "success, " + server6 + ", true",
		},
		{
			row: "UDP relay: Allocate transport 6", over: udp, jami: true,
			try:  func(c *client) string { return c.do(stun.MethodAllocate, transportOf(relayTCP)).String() },
			want: "400",
		},
		{
			row: "TCP relay: Allocate", over: tcp | secure, jami: true,
			try: func(c *client) string {
				a := c.do(stun.MethodAllocate, transportOf(relayTCP))
				return seen(a, a.address(stun.AttrXORRelayedAddress).Addr(), a.lifetime(),
					a.address(stun.AttrXORMappedAddress) == addrOf(c.conn.LocalAddr()))
			},
			want: "success, " + server4 + ", 10m0s, true",
		},
		{
			row: "TCP relay: Allocate over IPv6", over: tcp, at: server6, jami: true,
			try: func(c *client) string {
				a := c.do(stun.MethodAllocate, transportOf(relayTCP), familyOf(ipv6))
				return seen(a, a.address(stun.AttrXORRelayedAddress).Addr())
			},
			want: "success, " + server6,
		},
		{
			row: "TCP relay: the relayed address listens", over: tcp | secure, jami: true,
			try: func(c *client) string {
				relayed := c.allocate(relayTCP)
				permitted := c.permit(peer4)
				_, err := peerDials(c.t, peer4, relayed)
				return seen(permitted, err)
			},
			want: "success, <nil>",
		},
		{
			row: "allocate: no REQUESTED-TRANSPORT", over: udp | tcp,
			try:  func(c *client) string { return c.do(stun.MethodAllocate).String() },
			want: "400",
		},
		{
			row: "allocate: malformed REQUESTED-TRANSPORT", over: udp | tcp,
			try:  func(c *client) string { return c.do(stun.MethodAllocate, raw(stun.AttrRequestedTransport, 6)).String() },
			want: "400",
		},
		{
			row: "allocate: unsupported REQUESTED-TRANSPORT", over: udp | tcp,
			try:  func(c *client) string { return c.do(stun.MethodAllocate, transportOf(132)).String() },
			want: "442", coturn: "400",
		},
		{
			row: "TCP relay: no port left", over: tcp, variant: narrow,
			try:  func(c *client) string { return exhaust(c, relayTCP) },
			want: "508",
		},
		{
			row: "UDP relay: no port left", over: udp, variant: narrow,
			try:  func(c *client) string { return exhaust(c, relayUDP) },
			want: "508",
		},
		{
			row: "UDP relay: EVEN-PORT", over: udp | tcp,
			try: func(c *client) string {
				a := c.do(stun.MethodAllocate, transportOf(relayUDP), raw(stun.AttrEvenPort, 0))
				return seen(a, a.address(stun.AttrXORRelayedAddress).Port()%2)
			},
			want: "success, 0",
		},
		{
			row: "UDP relay: DONT-FRAGMENT", over: udp | tcp,
			try: func(c *client) string {
				return c.do(stun.MethodAllocate, transportOf(relayUDP), raw(stun.AttrDontFragment)).String()
			},
			want: "success or 420 UNKNOWN-ATTRIBUTES",
		},
		{
			row: "TCP relay: EVEN-PORT", over: tcp,
			try: func(c *client) string {
				return c.do(stun.MethodAllocate, transportOf(relayTCP), raw(stun.AttrEvenPort, 0)).String()
			},
			want: "400",
		},
		{
			row: "TCP relay: DONT-FRAGMENT", over: tcp,
			try: func(c *client) string {
				return c.do(stun.MethodAllocate, transportOf(relayTCP), raw(stun.AttrDontFragment)).String()
			},
			want: "400",
		},
		{
			row: "TCP relay: RESERVATION-TOKEN", over: tcp,
			try: func(c *client) string {
				return c.do(stun.MethodAllocate, transportOf(relayTCP), raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8)).String()
			},
			want: "400",
		},
		{
			row: "wire: TCP relay is refused where a UDP relay was opened", over: tcp,
			try: func(c *client) string {
				c.allocate(relayUDP)
				released := c.do(stun.MethodRefresh, lifetimeOf(0))
				return seen(released, c.do(stun.MethodAllocate, transportOf(relayTCP)))
			},
			want: "success, 442", coturn: "success, 437 unsigned",
		},
		{
			row: "wire: UDP relay is refused where a TCP relay was opened", over: tcp,
			try: func(c *client) string {
				c.allocate(relayTCP)
				released := c.do(stun.MethodRefresh, lifetimeOf(0))
				return seen(released, c.do(stun.MethodAllocate, transportOf(relayUDP)))
			},
			want: "success, 442", coturn: "success, 437 unsigned",
		},
	}
	for _, relayed := range relayings() {
		protocol := transportOf(relayed.protocol)
		points = append(points, []point{
			{
				row: relayed.table + "IPv6 is asked for over IPv4", over: relayed.over, jami: true,
				try: func(c *client) string {
					a := c.do(stun.MethodAllocate, protocol, familyOf(ipv6))
					if a.Message != nil && a.code() == 0 {
						return seen(a, a.address(stun.AttrXORRelayedAddress).Addr())
					}
					return a.String()
				},
				want: "success, " + server6 + " or 440",
			},
			{
				row: relayed.table + "IPv6 is not served", over: relayed.over, variant: onlyIPv4, jami: true,
				try:  func(c *client) string { return c.do(stun.MethodAllocate, protocol, familyOf(ipv6)).String() },
				want: "440",
			},
			{
				row: relayed.table + "IPv4 is asked for", over: relayed.over,
				try:  func(c *client) string { return c.do(stun.MethodAllocate, protocol, familyOf(ipv4)).String() },
				want: "success",
			},
			{
				row: relayed.table + "unknown family", over: relayed.over,
				try:  func(c *client) string { return c.do(stun.MethodAllocate, protocol, familyOf(3)).String() },
				want: "440",
			},
			{
				row: relayed.table + "long LIFETIME", over: relayed.over,
				try: func(c *client) string {
					a := c.do(stun.MethodAllocate, protocol, lifetimeOf(2*time.Hour))
					return seen(a, a.lifetime())
				},
				want: "success, 1h0m0s",
			},
			{
				row: relayed.table + "short LIFETIME", over: relayed.over,
				try: func(c *client) string {
					a := c.do(stun.MethodAllocate, protocol, lifetimeOf(time.Minute))
					return seen(a, a.lifetime())
				},
				want: "success, 10m0s",
			},
			{
				row: relayed.table + "Allocate repeated", over: relayed.over,
				try: func(c *client) string {
					c.challenge(stun.MethodAllocate, protocol)
					m := c.sign(request(stun.MethodAllocate, protocol))
					first, again := c.ask(m), c.ask(m)
					return seen(first, again, first.address(stun.AttrXORRelayedAddress) == again.address(stun.AttrXORRelayedAddress))
				},
				want: "success, success, true",
			},
			{
				row: relayed.table + "second Allocate", over: relayed.over,
				try: func(c *client) string {
					return seen(c.do(stun.MethodAllocate, protocol), c.do(stun.MethodAllocate, protocol))
				},
				want: "success, 437", coturn: "success, 437 unsigned",
			},
			{
				row: relayed.table + "quota", over: relayed.over,
				try: func(c *client) string {
					for range userQuota {
						c.again().allocate(relayed.protocol)
					}
					return c.do(stun.MethodAllocate, protocol).String()
				},
				want: "486",
			},
		}...)
	}
	return points
}

// exhaust takes the only port of the relay, and asks for one more.
func exhaust(c *client, protocol byte) string {
	c.allocate(protocol)
	return c.twin().do(stun.MethodAllocate, transportOf(protocol)).String()
}
