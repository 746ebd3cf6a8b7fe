// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
)

// states bring an allocation's connections into every state there is. Each
// returns the ends that a test holds.
var states = map[string]func(t *testing.T, c *client, relayed, peer netip.AddrPort) []net.Conn{
	"none": func(*testing.T, *client, netip.AddrPort, netip.AddrPort) []net.Conn { return nil },
	"accepted": func(t *testing.T, c *client, relayed, _ netip.AddrPort) []net.Conn {
		conn := dialPeer(t, relayed)
		c.attempt(t)
		return []net.Conn{conn}
	},
	"bound": func(t *testing.T, c *client, relayed, _ netip.AddrPort) []net.Conn {
		conn := dialPeer(t, relayed)
		id, _ := c.attempt(t)
		return []net.Conn{conn, c.bind(t, id)}
	},
	"ended by the peer": func(t *testing.T, c *client, relayed, _ netip.AddrPort) []net.Conn {
		conn := dialPeer(t, relayed)
		id, _ := c.attempt(t)
		require.NoError(t, conn.CloseWrite())
		return []net.Conn{conn, c.bind(t, id)}
	},
	"connected": func(t *testing.T, c *client, _, peer netip.AddrPort) []net.Conn {
		c.connect(t, peer)
		return nil
	},
	"connecting": func(t *testing.T, c *client, _, peer netip.AddrPort) []net.Conn {
		c.send(t, c.sign(stun.MethodConnect, message.PeerAddress(peer)))
		return nil
	},
	"reset": func(t *testing.T, c *client, relayed, _ netip.AddrPort) []net.Conn {
		conn := dialPeer(t, relayed)
		id, _ := c.attempt(t)
		reset(conn)
		return []net.Conn{c.bind(t, id)}
	},
}

// sink is a peer that takes what comes until it ends.
func sink(t *testing.T) netip.AddrPort {
	l, at := listening(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	return at
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// requireBack waits until goroutines and descriptors are as many as before.
func requireBack(t *testing.T, goroutines, open int) {
	t.Helper()
	require.Eventually(t, func() bool {
		runtime.GC()     // closes the pipes that splicing keeps for reuse
		const asking = 1 // goroutine
		return runtime.NumGoroutine() <= goroutines+asking && descriptors(t) <= open
	}, patience, 10*time.Millisecond, "before: %d goroutines and %d descriptors", goroutines, open)
}

// Nothing may be left of an allocation when its release is answered, whatever
// state its connections are in.
func TestReleases(t *testing.T) {
	const cycles = 300 // of each state
	b := newBox(t)
	peer := sink(t)
	c := newClient(t, b, "alice")
	goroutines, open := runtime.NumGoroutine(), descriptors(t)
	for state, reach := range states {
		for range cycles {
			relayed := c.allocate(t)
			c.permit(t, loopback)
			conns := reach(t, c, relayed, peer)
			requireSuccess(t, c, c.do(t, stun.MethodRefresh, seconds(0)))
			require.Zero(t, b.Ledger.Len(), state)
			require.Zero(t, b.pool.Len(), state)
			require.Zero(t, b.pending.len(), state)
			for _, conn := range conns {
				_ = conn.Close()
			}
		}
	}
	requireBack(t, goroutines, open)
}

// The same for clients that are gone without a word.
func TestClientsVanish(t *testing.T) {
	const clients = 50 // with each state
	b := newBox(t)
	peer := sink(t)
	goroutines, open := runtime.NumGoroutine(), descriptors(t)
	for state, reach := range states {
		for range clients {
			c := newClient(t, b, "bob")
			relayed := c.allocate(t)
			c.permit(t, loopback)
			conns := append(reach(t, c, relayed, peer), c.conn)
			for _, conn := range conns {
				reset(conn)
			}
		}
		require.Eventually(t, func() bool {
			return b.Ledger.Len() == 0 && b.pool.Len() == 0 && b.pending.len() == 0
		}, patience, time.Millisecond, state)
	}
	requireBack(t, goroutines, open)
}
