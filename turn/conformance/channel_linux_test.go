// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"github.com/pion/stun/v2"
)

func channelPoints() []point {
	bound := func(attributes ...stun.Setter) func(c *client) string {
		return func(c *client) string {
			c.allocate(relayUDP)
			return c.do(stun.MethodChannelBind, attributes...).String()
		}
	}
	return []point{
		{
			row: "UDP relay: ChannelBind", over: udp | tcp,
			try: func(c *client) string {
				c.allocate(relayUDP)
				return seen(c.do(stun.MethodChannelBind, channelOf(0x4000), peerAt(peer4, 9)),
					c.do(stun.MethodChannelBind, channelOf(0x4000), peerAt(peer4, 9)))
			},
			want: "success, success",
		},
		{
			row: "UDP relay: ChannelBind to another peer", over: udp | tcp,
			try: func(c *client) string {
				c.allocate(relayUDP)
				return seen(c.do(stun.MethodChannelBind, channelOf(0x4000), peerAt(peer4, 9)),
					c.do(stun.MethodChannelBind, channelOf(0x4000), peerAt(peer4, 10)))
			},
			want: "success, 400",
		},
		{
			row: "UDP relay: ChannelBind to another number", over: udp | tcp,
			try: func(c *client) string {
				c.allocate(relayUDP)
				return seen(c.do(stun.MethodChannelBind, channelOf(0x4000), peerAt(peer4, 9)),
					c.do(stun.MethodChannelBind, channelOf(0x4001), peerAt(peer4, 9)))
			},
			want: "success, 400",
		},
		{
			row: "UDP relay: ChannelBind to a peer the operator denies", over: udp | tcp,
			try:  bound(channelOf(0x4000), peerAt(denied, 9)),
			want: "403",
		},
		{
			row: "UDP relay: ChannelBind to an IPv6 peer", over: udp | tcp,
			try:  bound(channelOf(0x4000), peerAt(peer6, 9)),
			want: "443",
		},
		{
			row: "UDP relay: ChannelBind number 0x3FFF", over: udp | tcp,
			try:  bound(channelOf(0x3fff), peerAt(peer4, 9)),
			want: "400",
		},
		{
			row: "UDP relay: ChannelBind number 0x8000", over: udp | tcp,
			try:  bound(channelOf(0x8000), peerAt(peer4, 9)),
			want: "400",
		},
		{
			row: "UDP relay: ChannelBind without number", over: udp | tcp,
			try:  bound(peerAt(peer4, 9)),
			want: "400",
		},
		{
			row: "UDP relay: ChannelBind without peer", over: udp | tcp,
			try:  bound(channelOf(0x4000)),
			want: "400",
		},
		{
			row: "TCP relay: ChannelBind", over: tcp,
			try: func(c *client) string {
				c.allocate(relayTCP)
				return c.do(stun.MethodChannelBind, channelOf(0x4000), peerAt(peer4, 9)).String()
			},
			want: "403",
		},
	}
}
