// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

func streamPoints() []point {
	return []point{
		{
			row: "wire: Binding", over: udp | tcp | secure,
			try: func(c *client) string {
				a := c.ask(request(stun.MethodBinding))
				return seen(a, a.address(stun.AttrXORMappedAddress) == addrOf(c.conn.LocalAddr()))
			},
			want: "success, true",
		},
		{
			row: "wire: Binding with FINGERPRINT", over: udp | tcp,
			try: func(c *client) string {
				a := c.ask(request(stun.MethodBinding, stun.Fingerprint))
				return seen(a, a.hasFingerprint())
			},
			want: "success, true",
		},
		{
			row: "wire: Binding before Allocate", over: tcp | secure,
			try: func(c *client) string {
				return seen(c.ask(request(stun.MethodBinding)), c.do(stun.MethodAllocate, transportOf(relayTCP)))
			},
			want: "success, success",
		},
		{
			row: "TCP relay: Send indication is ignored", over: tcp,
			try: func(c *client) string {
				peer := peerSocket(c.t, peer4)
				c.allocate(relayTCP)
				permitted := c.permit(peer4)
				c.sendTo(addrOf(peer.LocalAddr()), "forbidden")
				return seen(permitted, c.do(stun.MethodRefresh), unasked(peer))
			},
			want: "success, success, false",
		},
		{
			row: "TCP relay: ChannelData is skipped", over: tcp,
			try: func(c *client) string {
				c.allocate(relayTCP)
				c.sendOn(channel, "nowhere")
				return c.do(stun.MethodRefresh).String()
			},
			want: "success",
		},
		{
			row: "wire: a request in pieces", over: tcp | secure,
			try: func(c *client) string {
				m := request(stun.MethodAllocate, transportOf(relayTCP))
				for _, piece := range [][]byte{m.Raw[:1], m.Raw[1:20], m.Raw[20:23]} {
					require.NoError(c.t, c.send(piece))
				}
				require.NoError(c.t, c.send(m.Raw[23:]))
				return c.await(func(a *stun.Message) bool { return a.TransactionID == m.TransactionID }).String()
			},
			want: "401 REALM NONCE",
		},
		{
			row: "wire: requests back to back", over: tcp | secure,
			try: func(c *client) string {
				c.allocate(relayTCP)
				first, second := c.sign(request(stun.MethodRefresh)), c.sign(request(stun.MethodRefresh))
				require.NoError(c.t, c.send(append(first.Raw, second.Raw...)))
				return seen(c.await(func(a *stun.Message) bool { return a.TransactionID == first.TransactionID }),
					c.await(func(a *stun.Message) bool { return a.TransactionID == second.TransactionID }))
			},
			want: "success, success",
		},
		{
			row: "policy: a frame beyond 4 KiB ends a control connection", over: tcp,
			try: func(c *client) string {
				c.allocate(relayTCP)
				require.NoError(c.t, c.send([]byte("\x00\x03\xff\xec\x21\x12\xa4\x42")))
				return ending(c.conn)
			},
			want: "closed or reset", coturn: "silence",
		},
		{
			row: "wire: what is not STUN ends a connection", over: tcp,
			try: func(c *client) string {
				require.NoError(c.t, c.send([]byte("\xc0GET / HTTP/1.1\r\n\r\n")))
				return ending(c.conn)
			},
			want: "closed or reset", coturn: "silence",
		},
	}
}
