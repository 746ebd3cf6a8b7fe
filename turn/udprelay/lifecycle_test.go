// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// gone waits until the relay has no allocation left.
func (r *rig) gone(t testing.TB) {
	t.Helper()
	require.Eventually(t, func() bool { return r.ledger.Len() == 0 && r.portsTaken() == 0 }, patience, time.Millisecond)
}

func TestExpiry(t *testing.T) {
	r := startRig(t, func(s *settings) { s.lifetimes = Lifetimes{Default: time.Second, Max: time.Second} })
	for name, dial := range map[string]func(testing.TB, string) *client{"udp": r.dial, "tcp": r.dialStream} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, "alice")
			c.allocate()
			r.gone(t)
			last := r.ledger.History()[0]
			require.Equal(t, ledger.Expired, last.Reason)
			require.GreaterOrEqual(t, last.Closed.Sub(last.Opened), time.Second)
			require.Equal(t, 437, codeIn(c.ask(stun.MethodRefresh)))
			c.allocate()
		})
	}
}

func TestEnding(t *testing.T) {
	r := startRig(t, nil)
	for name, dial := range map[string]func(testing.TB, string) *client{"udp": r.dial, "tcp": r.dialStream} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, "alice")
			c.allocate()
			require.True(t, r.ledger.End(r.ledger.Live()[0].ID, ledger.Ended))
			r.gone(t)
			require.Equal(t, ledger.Ended, r.ledger.History()[0].Reason)
			require.Equal(t, 437, codeIn(c.ask(stun.MethodRefresh)))
			c.allocate()
			c.require(stun.MethodRefresh, message.LifetimeOf(0))
		})
	}
}

func TestRevocation(t *testing.T) {
	r := startRig(t, nil)
	c, peer := r.dial(t, "alice"), listenPeer(t, loopback4)
	c.allocate()
	c.require(stun.MethodChannelBind, channel(0x4000), message.PeerAddress(addrOf(peer)))
	r.users.refuse("alice")
	require.Equal(t, 1, r.ledger.EndUser("alice", ledger.Revoked))
	r.gone(t)
	require.Equal(t, ledger.Revoked, r.ledger.History()[0].Reason)
	require.Equal(t, 401, codeIn(c.exchange(c.build(stun.MethodAllocate, transport(17)))))
}

func TestKeyOfAllocationSurvivesRotation(t *testing.T) {
	r := startRig(t, nil)
	c := r.dial(t, "alice")
	c.allocate()
	r.users.rotate()
	c.require(stun.MethodRefresh)
	c.require(stun.MethodCreatePermission, peerAt("127.0.0.1:1"))
	c.require(stun.MethodRefresh, message.LifetimeOf(0))
	require.Equal(t, 401, codeIn(c.exchange(c.build(stun.MethodAllocate, transport(17)))))
}

func TestClientsGone(t *testing.T) {
	r := startRig(t, nil)
	for range 20 {
		c := r.dialStream(t, "alice")
		c.allocate()
		c.require(stun.MethodChannelBind, channel(0x4000), peerAt("127.0.0.1:1"))
		require.NoError(t, c.conn.Close())
		r.gone(t)
		require.Equal(t, ledger.ClientGone, r.ledger.History()[0].Reason)
	}
}

func TestStop(t *testing.T) {
	r := newRig(t, nil)
	stop := r.serve(t)
	for range 20 {
		c := r.dial(t, "alice")
		c.allocate()
		c.require(stun.MethodChannelBind, channel(0x4000), peerAt("127.0.0.1:1"))
	}
	stop() // which looks that nothing is left
	require.Equal(t, ledger.Stopped, r.ledger.History()[0].Reason)
}

func TestSocketClosed(t *testing.T) {
	r := newRig(t, nil)
	socket, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback4, 0)))
	require.NoError(t, err)
	r.socket = socket
	ended := make(chan error, 1)
	go func() { ended <- r.ServeSocket(t.Context(), socket) }()
	r.dial(t, "alice").allocate()
	require.NoError(t, socket.Close())
	require.NoError(t, <-ended)
	require.Zero(t, r.ledger.Len())
}

func TestCycles(t *testing.T) {
	r := startRig(t, nil)
	const clients, cycles = 10, 200
	var wg sync.WaitGroup
	for range clients {
		c := r.dial(t, "alice")
		wg.Go(func() {
			for range cycles {
				c.allocate()
				c.require(stun.MethodChannelBind, channel(0x4000), peerAt("127.0.0.1:1"))
				c.require(stun.MethodRefresh, message.LifetimeOf(0))
			}
		})
	}
	wg.Wait()
	require.Zero(t, r.ledger.Len())
	require.Zero(t, r.portsTaken())
	require.EqualValues(t, clients*cycles, r.ledger.Counters().Opened)
}

// TestEndingWhileGranting ends allocations at all moments while permissions and
// channels are added, which pion does not survive unless both are done in its
// read loop.
func TestEndingWhileGranting(t *testing.T) {
	r := startRig(t, nil)
	stop := make(chan struct{})
	var killer, clients sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Microsecond):
				r.ledger.EndAll(ledger.Ended)
			}
		}
	})
	for over, dial := range map[string]func(testing.TB, string) *client{"udp": r.dial, "tcp": r.dialStream} {
		for range 3 {
			c := dial(t, "alice")
			clients.Go(func() {
				for i := range 500 {
					c.ask(stun.MethodAllocate, transport(17))
					peer := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1)
					for _, answer := range []*stun.Message{
						c.ask(stun.MethodCreatePermission, message.PeerAddress(peer)),
						c.ask(stun.MethodChannelBind, channel(uint16(0x4000+i)), message.PeerAddress(peer)),
					} {
						require.Contains(t, []int{0, 437, 508}, codeIn(answer), over)
					}
				}
			})
		}
	}
	clients.Wait()
	close(stop)
	killer.Wait()
	r.ledger.EndAll(ledger.Ended)
	r.gone(t)
}
