// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"slices"

	"github.com/pion/stun/v2"
)

// peersPerRequest is how many addresses jamibox takes in one request.
const peersPerRequest = 64

func permissionPoints() []point {
	var points []point
	for _, relayed := range relayings() {
		points = append(points, []point{
			{
				row: relayed.table + "CreatePermission", over: relayed.over,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					return seen(c.permit(peer4), c.permit(peer4), c.permit(peer4, stranger))
				},
				want: "success, success, success",
			},
			{
				row: relayed.table + "CreatePermission without peer", over: relayed.over, jami: true,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					return c.permit().String()
				},
				want: "400",
			},
			{
				row: relayed.table + "CreatePermission with a malformed peer", over: relayed.over,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					return c.do(stun.MethodCreatePermission, raw(stun.AttrXORPeerAddress, 0, 1, 2, 3)).String()
				},
				want: "400", coturn: "success",
			},
			{
				row: relayed.table + "CreatePermission for an IPv6 peer", over: relayed.over,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					return c.permit(peer6).String()
				},
				want: "443",
			},
			{
				row: relayed.table + "CreatePermission for a peer the operator denies", over: relayed.over, jami: true,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					return c.permit(denied).String()
				},
				want: "403",
			},
			{
				row: relayed.table + "CreatePermission for more peers than jamibox takes at once", over: relayed.over,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					return seen(c.permit(slices.Repeat([]string{peer4}, peersPerRequest)...),
						c.permit(slices.Repeat([]string{peer4}, peersPerRequest+1)...), c.do(stun.MethodRefresh))
				},
				want: "success, 400, success or success, 508, success", coturn: "success, success, success",
			},
			{
				row: relayed.table + "CreatePermission for candidates with loopback among them", over: relayed.over, jami: true,
				try: func(c *client) string {
					c.allocate(relayed.protocol)
					return c.permit("127.0.0.1", peer4, "172.17.0.1").String()
				},
				want: "success", coturn: "403",
			},
		}...)
	}
	return points
}
