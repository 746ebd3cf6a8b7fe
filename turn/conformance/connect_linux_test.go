// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"net"
	"net/netip"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

// connect asks for a connection to a peer.
func (c *client) connect(peer netip.AddrPort) answer {
	c.t.Helper()
	return c.do(stun.MethodConnect, peerAddress(peer))
}

func connectPoints() []point {
	refused := func(attributes ...stun.Setter) func(c *client) string {
		return func(c *client) string {
			c.allocate(relayTCP)
			return c.do(stun.MethodConnect, attributes...).String()
		}
	}
	return []point{
		{
			row: "Connect", over: tcp | secure,
			try: func(c *client) string {
				peer := peerListens(c.t, peer4)
				relayed := c.allocate(relayTCP)
				permitted := c.permit(peer4)
				connected := c.connect(addrOf(peer.Addr()))
				conn, err := peer.AcceptTCP()
				require.NoError(c.t, err)
				defer func() { _ = conn.Close() }()
				return seen(permitted, connected, connected.connection() != 0, addrOf(conn.RemoteAddr()) == relayed)
			},
			want: "success, success, true, true",
		},
		{
			row: "Connect: IPv6", over: tcp, at: server6,
			try: func(c *client) string {
				peer := peerListens(c.t, peer6)
				relayed := c.allocate(relayTCP, familyOf(ipv6))
				permitted := c.permit(peer6)
				connected := c.connect(addrOf(peer.Addr()))
				conn, err := peer.AcceptTCP()
				require.NoError(c.t, err)
				defer func() { _ = conn.Close() }()
				return seen(permitted, connected, addrOf(conn.RemoteAddr()) == relayed)
			},
			want: "success, success, true",
		},
		{row: "Connect: no peer", over: tcp, try: refused(), want: "400"},
		{row: "Connect: malformed peer", over: tcp, try: refused(raw(stun.AttrXORPeerAddress, 0, 1, 2, 3)), want: "400"},
		{row: "Connect: port 0", over: tcp, try: refused(peerAt(peer4, 0)), want: "400", coturn: "447"},
		{row: "Connect: IPv6 peer", over: tcp, try: refused(peerAt(peer6, 9)), want: "443"},
		{row: "Connect: peer the operator denies", over: tcp, try: refused(peerAt(denied, 9)), want: "403"},
		{row: "Connect: loopback", over: tcp, try: refused(peerAt("127.0.0.1", 9)), want: "403"},
		{
			row: "Connect: own address", over: tcp,
			try: func(c *client) string {
				service, err := net.Listen("tcp", server4+":0")
				require.NoError(c.t, err)
				defer func() { _ = service.Close() }()
				c.allocate(relayTCP)
				permitted := c.permit(server4)
				return seen(permitted, c.connect(addrOf(service.Addr())))
			},
			want: "success, 403", coturn: "success, success",
		},
		{
			row: "Connect: peer refuses", over: tcp,
			try: func(c *client) string {
				peer := peerListens(c.t, peer4)
				addr := addrOf(peer.Addr())
				require.NoError(c.t, peer.Close())
				c.allocate(relayTCP)
				return seen(c.permit(peer4), c.connect(addr))
			},
			want: "success, 447",
		},
		{
			row: "Connect: in progress", over: tcp,
			try: func(c *client) string {
				c.allocate(relayTCP)
				permitted := c.permit(absent)
				first := c.sign(request(stun.MethodConnect, peerAt(absent, 9)))
				require.NoError(c.t, c.send(first.Raw))
				again := c.do(stun.MethodConnect, peerAt(absent, 9))
				served := c.do(stun.MethodRefresh)
				failed := c.await(func(m *stun.Message) bool { return m.TransactionID == first.TransactionID })
				return seen(permitted, again, served, failed)
			},
			want: "success, 446, success, 447",
		},
		{
			// pion's client repeats its requests over TCP too.
			row: "Connect: repeated while in progress", over: tcp,
			try: func(c *client) string {
				c.allocate(relayTCP)
				permitted := c.permit(absent)
				m := c.sign(request(stun.MethodConnect, peerAt(absent, 9)))
				require.NoError(c.t, c.send(m.Raw))
				return seen(permitted, c.ask(m))
			},
			want: "success, 447", coturn: "success, 446",
		},
		{
			row: "Connect: pending", over: tcp,
			try: func(c *client) string {
				peer := peerListens(c.t, peer4)
				c.allocate(relayTCP)
				return seen(c.permit(peer4), c.connect(addrOf(peer.Addr())), c.connect(addrOf(peer.Addr())))
			},
			want: "success, success, 446",
		},
		{
			row: "Connect: bound", over: tcp,
			try: func(c *client) string {
				peer := peerListens(c.t, peer4)
				c.allocate(relayTCP)
				permitted := c.permit(peer4)
				connected := c.connect(addrOf(peer.Addr()))
				_, bound := c.bind(connected.connection())
				return seen(permitted, connected, bound, c.connect(addrOf(peer.Addr())))
			},
			want: "success, success, success, 446",
		},
		{
			row: "Connect: peer that connected itself", over: tcp,
			try: func(c *client) string {
				relayed := c.allocate(relayTCP)
				permitted := c.permit(peer4)
				conn, err := peerDials(c.t, peer4, relayed)
				require.NoError(c.t, err)
				c.attempt()
				return seen(permitted, c.connect(addrOf(conn.LocalAddr())))
			},
			want: "success, 446",
		},
		{
			row: "Connect: not bound in time", over: tcp, slow: true,
			try: func(c *client) string {
				peer := peerListens(c.t, peer4)
				c.allocate(relayTCP)
				permitted := c.permit(peer4)
				connected := c.connect(addrOf(peer.Addr()))
				conn, err := peer.AcceptTCP()
				require.NoError(c.t, err)
				defer func() { _ = conn.Close() }()
				ended := over(endingWithin(conn, bindTime+patience))
				_, bound := c.bind(connected.connection())
				return seen(permitted, connected, ended, bound)
			},
			want: "success, success, over, 400", coturn: "success, success, over, reset or success, success, over, closed",
		},
	}
}
