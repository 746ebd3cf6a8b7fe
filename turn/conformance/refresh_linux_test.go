// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"time"

	"github.com/pion/stun/v2"
)

func refreshPoints() []point {
	var points []point
	for _, relayed := range relayings() {
		points = append(points, []point{
			{
				row: relayed.table + "Refresh", over: relayed.over,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					a := c.do(stun.MethodRefresh)
					return seen(a, a.lifetime())
				},
				want: "success, 10m0s",
			},
			{
				row: relayed.table + "Refresh with a long LIFETIME", over: relayed.over,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					a := c.do(stun.MethodRefresh, lifetimeOf(2*time.Hour))
					return seen(a, a.lifetime())
				},
				want: "success, 1h0m0s",
			},
			{
				row: relayed.table + "Refresh of another family", over: relayed.over,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					return c.do(stun.MethodRefresh, familyOf(ipv6)).String()
				},
				want: "443",
			},
			{
				row: relayed.table + "Refresh with LIFETIME 0", over: relayed.over,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					a := c.do(stun.MethodRefresh, lifetimeOf(0))
					return seen(a, a.lifetime(), c.do(stun.MethodRefresh))
				},
				want: "success, 0s, 437", coturn: "success, 0s, success",
			},
			{
				row: relayed.table + "Allocate after release", over: relayed.over,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					return seen(c.do(stun.MethodRefresh, lifetimeOf(0)),
						c.do(stun.MethodAllocate, transportOf(relayed.protocol)))
				},
				want: "success, success", coturn: "success, 437 unsigned",
			},
			{
				row: relayed.table + "released quota", over: relayed.over,
				try: func(c *client) string {
					for range userQuota + 1 {
						another := c.again()
						for _, a := range []answer{
							another.do(stun.MethodAllocate, transportOf(relayed.protocol)),
							another.do(stun.MethodRefresh, lifetimeOf(0)),
						} {
							if a.String() != "success" {
								return a.String()
							}
						}
					}
					return "success"
				},
				want: "success", coturn: luck,
			},
		}...)
	}
	return points
}
