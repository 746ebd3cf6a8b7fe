// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// listening returns a peer's listener and its address.
func listening(t testing.TB) (net.Listener, netip.AddrPort) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l, l.Addr().(*net.TCPAddr).AddrPort()
}

func acceptOne(t testing.TB, l net.Listener) *net.TCPConn {
	t.Helper()
	conn, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// connect returns the id of a connection to a peer.
func (c *client) connect(t testing.TB, peer netip.AddrPort) uint32 {
	t.Helper()
	answer := c.do(t, stun.MethodConnect, message.PeerAddress(peer))
	requireSuccess(t, c, answer)
	id, ok := message.ConnectionID(answer)
	require.True(t, ok)
	return id
}

func TestConnect(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	relayed := c.allocate(t)
	l, at := listening(t)
	id := c.connect(t, at)
	peer := acceptOne(t, l)
	require.Equal(t, relayed.String(), peer.RemoteAddr().String(), "the peer must see the relayed address")
	requireEcho(t, c.bind(t, id), peer)
}

// The relayed address listens while connections are made from it.
func TestConnectAndAccept(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	relayed := c.allocate(t)
	l, at := listening(t)
	data, peer := c.bind(t, c.connect(t, at)), acceptOne(t, l)

	c.permit(t, loopback)
	second := dialPeer(t, relayed)
	id, _ := c.attempt(t)
	requireEcho(t, c.bind(t, id), second)
	requireEcho(t, data, peer)
}

func TestConnectTwice(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	c.allocate(t)
	l, at := listening(t)
	again := func() *stun.Message { return c.do(t, stun.MethodConnect, message.PeerAddress(at)) }
	id := c.connect(t, at)
	requireCode(t, stun.CodeConnAlreadyExists, again()) // pending
	peer, data := acceptOne(t, l), c.bind(t, id)
	requireCode(t, stun.CodeConnAlreadyExists, again()) // bound
	requireEcho(t, data, peer)
	require.NoError(t, data.Close())
	requireEnded(t, peer)
	require.NoError(t, peer.Close())
	require.Eventually(t, func() bool { return b.Ledger.Live()[0].Connections == 0 }, patience, time.Millisecond)
}

func TestConnectRefused(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	c.allocate(t)
	l, at := listening(t)
	require.NoError(t, l.Close())
	requireCode(t, stun.CodeConnTimeoutOrFailure, c.do(t, stun.MethodConnect, message.PeerAddress(at)))
	require.Zero(t, b.Ledger.Live()[0].Connections)
}

func TestConnectTooMany(t *testing.T) {
	b := newBox(t, limited(ledger.Limits{ConnectionsPerAllocation: 1}))
	c := newClient(t, b, "alice")
	c.allocate(t)
	_, first := listening(t)
	_, second := listening(t)
	c.connect(t, first)
	requireCode(t, stun.CodeAllocQuotaReached, c.do(t, stun.MethodConnect, message.PeerAddress(second)))
}

func TestConnectNotBound(t *testing.T) {
	b := newBox(t, func(b *box) { b.limits.bind = 20 * time.Millisecond })
	c := newClient(t, b, "alice")
	c.allocate(t)
	l, at := listening(t)
	id := c.connect(t, at)
	requireReset(t, acceptOne(t, l))
	requireBindRefused(t, c.data(t), id, stun.CodeBadRequest)
}
