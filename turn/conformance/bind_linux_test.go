// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

// bindTime is how long a connection waits for its ConnectionBind (RFC 6062,
// section 5.2).
const bindTime = 30 * time.Second

// attempt returns the next ConnectionAttempt indication.
func (c *client) attempt() answer {
	c.t.Helper()
	return c.await(func(m *stun.Message) bool {
		return m.Type == stun.NewType(stun.MethodConnectionAttempt, stun.ClassIndication)
	})
}

// bind opens a data connection for a connection of a peer. The request is
// signed with the nonce of the control connection, as Jami does.
func (c *client) bind(id uint32) (net.Conn, answer) {
	c.t.Helper()
	return c.bindWith(c.key(), connectionOf(id))
}

func (c *client) bindWith(key stun.MessageIntegrity, attributes ...stun.Setter) (net.Conn, answer) {
	c.t.Helper()
	conn := c.dial()
	m := build(request(stun.MethodConnectionBind, attributes...),
		stun.NewUsername(c.username), stun.NewRealm(c.realm), stun.NewNonce(c.nonce), key)
	_, err := conn.Write(m.Raw)
	require.NoError(c.t, err)
	require.NoError(c.t, conn.SetDeadline(time.Now().Add(patience)))
	frame, err := readFrame(conn)
	if err != nil {
		return conn, answer{err: err}
	}
	a := answer{Message: &stun.Message{Raw: frame}, key: key}
	require.NoError(c.t, a.Decode())
	require.Equal(c.t, m.TransactionID, a.TransactionID)
	return conn, a
}

// approached opens a TCP allocation and lets a peer connect to it.
func (c *client) approached() (relayed netip.AddrPort, peer *net.TCPConn, attempt answer) {
	c.t.Helper()
	ip, attributes := peer4, []stun.Setter(nil)
	if c.at == server6 {
		ip, attributes = peer6, []stun.Setter{familyOf(ipv6)}
	}
	relayed = c.allocate(relayTCP, attributes...)
	require.Equal(c.t, "success", c.permit(ip).String())
	peer, err := peerDials(c.t, ip, relayed)
	require.NoError(c.t, err)
	require.NoError(c.t, peer.SetDeadline(time.Now().Add(patience)))
	return relayed, peer, c.attempt()
}

func bindPoints() []point {
	return []point{
		{
			row: "ConnectionBind with the nonce of the control connection", over: tcp | secure, jami: true,
			try: func(c *client) string {
				_, _, attempt := c.approached()
				_, bound := c.bind(attempt.connection())
				return seen(attempt, bound)
			},
			want: "indication, success",
		},
		{
			row: "ConnectionBind on a control connection", over: tcp,
			try: func(c *client) string {
				_, _, attempt := c.approached()
				return seen(c.do(stun.MethodConnectionBind, connectionOf(attempt.connection())), c.do(stun.MethodRefresh))
			},
			want: "400, success", coturn: "400 unsigned, success",
		},
		{
			row: "ConnectionBind without CONNECTION-ID", over: tcp,
			try: func(c *client) string {
				c.allocate(relayTCP)
				conn, bound := c.bindWith(c.key())
				return seen(bound, ending(conn))
			},
			want: "400, closed", coturn: "reset, closed or closed, closed",
		},
		{
			row: "ConnectionBind for an unknown connection", over: tcp,
			try: func(c *client) string {
				c.allocate(relayTCP)
				conn, bound := c.bind(4711)
				return seen(bound, ending(conn))
			},
			want: "400, closed", coturn: "reset, closed or closed, closed",
		},
		{
			row: "ConnectionBind for a bound connection", over: tcp,
			try: func(c *client) string {
				_, _, attempt := c.approached()
				_, first := c.bind(attempt.connection())
				conn, second := c.bind(attempt.connection())
				return seen(first, second, ending(conn))
			},
			want: "success, 400, closed", coturn: "success, reset, closed or success, closed, closed",
		},
		{
			row: "ConnectionBind of another user", over: tcp,
			try: func(c *client) string {
				_, _, attempt := c.approached()
				other := c.twin()
				other.allocate(relayTCP)
				conn, stolen := other.bind(attempt.connection())
				_, own := c.bind(attempt.connection())
				return seen(stolen, ending(conn), own)
			},
			want: "441, closed, success or 400, closed, success", coturn: anythingElse,
		},
		{
			row: "ConnectionBind with a wrong password", over: tcp,
			try: func(c *client) string {
				_, _, attempt := c.approached()
				_, refused := c.bindWith(stun.NewLongTermIntegrity(c.username, c.realm, "wrong"), connectionOf(attempt.connection()))
				_, own := c.bind(attempt.connection())
				return seen(refused, own)
			},
			want: "401 REALM NONCE, success", coturn: anythingElse,
		},
		{
			row: "ConnectionBind after a Binding", over: tcp,
			try: func(c *client) string {
				_, _, attempt := c.approached()
				data := c.again()
				first := data.ask(request(stun.MethodBinding))
				data.realm, data.nonce = c.realm, c.nonce
				return seen(first, data.do(stun.MethodConnectionBind, connectionOf(attempt.connection())))
			},
			want: "success, success",
		},
		{
			row: "ConnectionBind over UDP", over: udp,
			try: func(c *client) string {
				return c.do(stun.MethodConnectionBind, connectionOf(4711)).String()
			},
			want: "400 or 437",
		},
	}
}
