// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
	"jamibox/turn/peer"
	"jamibox/turn/port"
)

func TestAccept(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	relayed := c.allocate(t)
	c.permit(t, loopback)
	peer := dialPeer(t, relayed)
	id, from := c.attempt(t)
	require.Equal(t, peer.LocalAddr().String(), from.String())
	requireEcho(t, c.bind(t, id), peer)
	require.Equal(t, []string{from.String()}, b.Ledger.Live()[0].Peers)
	require.Equal(t, 1, b.Ledger.Live()[0].Connections)
}

// Jami dials again after a reset, and gives up after an orderly end.
func TestAcceptResets(t *testing.T) {
	tests := map[string]struct {
		setup   setup
		permit  []netip.Addr
		pending int // connections that are there before
		denied  uint64
	}{
		"no permission":            {denied: 1},
		"permission for others":    {permit: []netip.Addr{netip.MustParseAddr("127.0.0.2")}, denied: 1},
		"permission expired":       {setup: shortPermission, permit: []netip.Addr{loopback}, denied: 1},
		"policy, though permitted": {setup: deniedLoopback, permit: []netip.Addr{netip.MustParseAddr("192.0.2.1"), loopback}, denied: 1},
		"too many of allocation":   {setup: limited(ledger.Limits{ConnectionsPerAllocation: 2}), permit: []netip.Addr{loopback}, pending: 2},
		"too many of user":         {setup: limited(ledger.Limits{ConnectionsPerUser: 1}), permit: []netip.Addr{loopback}, pending: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			if test.setup != nil {
				b = newBox(t, test.setup)
			}
			c := newClient(t, b, "alice")
			relayed := c.allocate(t)
			if test.permit != nil {
				c.permit(t, test.permit...)
			}
			for range test.pending {
				dialPeer(t, relayed)
				c.attempt(t)
			}
			requireDialReset(t, relayed)
			require.Equal(t, test.denied, b.Ledger.Live()[0].Denied)
			require.Equal(t, test.pending, b.Ledger.Live()[0].Connections)
		})
	}
}

func shortPermission(b *box) { b.limits.permission = -time.Second }

func deniedLoopback(b *box) { b.Peers = peer.New(peer.Rules{}, port.Range{}) }

// What a peer sends before the bind waits for the client, behind the answer.
func TestEarlyData(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	relayed := c.allocate(t)
	c.permit(t, loopback)
	peer := dialPeer(t, relayed)
	sent := noise(60_000)
	_, err := peer.Write(sent)
	require.NoError(t, err)
	require.NoError(t, peer.CloseWrite())
	id, _ := c.attempt(t)
	requireBytes(t, sent, c.bind(t, id))
}

func TestPendingTimesOut(t *testing.T) {
	b := newBox(t, func(b *box) { b.limits.bind = 20 * time.Millisecond })
	c := newClient(t, b, "alice")
	relayed := c.allocate(t)
	c.permit(t, loopback)
	peer := dialPeer(t, relayed)
	id, _ := c.attempt(t)
	requireReset(t, peer)
	require.Zero(t, b.pending.len())
	require.Eventually(t, func() bool { return b.Ledger.Live()[0].Connections == 0 }, patience, time.Millisecond)
	requireBindRefused(t, c.data(t), id, stun.CodeBadRequest)
}

// A permission may come after the peer's first try.
func TestPermissionAfterReset(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	relayed := c.allocate(t)
	requireDialReset(t, relayed)
	c.permit(t, loopback)
	peer := dialPeer(t, relayed)
	id, _ := c.attempt(t)
	requireEcho(t, c.bind(t, id), peer)
}

func TestPermissionsAreBounded(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	c.allocate(t)
	addr := netip.MustParseAddr("198.18.0.1")
	next := func(n int) []netip.Addr {
		var addrs []netip.Addr
		for range n {
			addrs = append(addrs, addr)
			addr = addr.Next()
		}
		return addrs
	}
	for range maxPermissions / maxPeers {
		c.permit(t, next(maxPeers)...)
	}
	requireCode(t, stun.CodeInsufficientCapacity, c.do(t, stun.MethodCreatePermission, peers(1)...))
	require.Len(t, b.Ledger.Live(), 1)
}

// Expired permissions make room.
func TestExpiredPermissionsMakeRoom(t *testing.T) {
	b := newBox(t, shortPermission)
	c := newClient(t, b, "alice")
	c.allocate(t)
	addr := netip.MustParseAddr("198.18.0.1")
	for range maxPermissions + 1 {
		c.permit(t, addr)
		addr = addr.Next()
	}
}
