// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
	"jamibox/turn/port"
)

func lifetime(t *testing.T, m *stun.Message) time.Duration {
	t.Helper()
	d, ok, err := message.Lifetime(m)
	require.NoError(t, err)
	require.True(t, ok)
	return d
}

func TestLifetime(t *testing.T) {
	tests := map[string]struct {
		asked []stun.Setter
		want  time.Duration
	}{
		"none":      {nil, 600 * time.Second},
		"too short": {[]stun.Setter{seconds(10)}, 600 * time.Second},
		"longer":    {[]stun.Setter{seconds(1800)}, 1800 * time.Second},
		"too long":  {[]stun.Setter{seconds(1 << 31)}, 3600 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			c := newClient(t, b, "alice")
			answer := c.do(t, stun.MethodAllocate, append(test.asked, transport(protoTCP))...)
			require.Equal(t, test.want, lifetime(t, answer))
			answer = c.do(t, stun.MethodRefresh, test.asked...)
			require.Equal(t, test.want, lifetime(t, answer))
			left := time.Until(b.Ledger.Live()[0].Expires)
			require.InDelta(t, test.want.Seconds(), left.Seconds(), 5)
		})
	}
}

func TestAllocateTellsAddresses(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	answer := c.do(t, stun.MethodAllocate, transport(protoTCP))
	var mapped stun.XORMappedAddress
	require.NoError(t, mapped.GetFrom(answer))
	require.Equal(t, c.conn.LocalAddr().String(), mapped.String())
	relayed := relayedAddress(t, answer)
	require.Equal(t, loopback, relayed.Addr())

	live := b.Ledger.Live()
	require.Len(t, live, 1)
	require.Equal(t, relayed, live[0].Relayed)
	require.Equal(t, "alice", live[0].Username)
	require.Equal(t, ledger.TCP, live[0].Protocol)
}

func TestAllocateSameTransaction(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	request := c.sign(stun.MethodAllocate, transport(protoTCP))
	first := c.exchange(t, request)
	require.Equal(t, first.Raw, c.exchange(t, request).Raw)
	require.Equal(t, 1, b.Ledger.Len())
}

func TestRefreshZero(t *testing.T) {
	b := newBox(t)
	c, data, peer := accepted(t, b)
	relayed := b.Ledger.Live()[0].Relayed
	answer := c.do(t, stun.MethodRefresh, seconds(0))
	requireSuccess(t, c, answer)
	require.Zero(t, lifetime(t, answer))
	requireEnded(t, data)
	requireEnded(t, peer)
	requireRefused(t, relayed)
	requireCode(t, stun.CodeAllocMismatch, c.do(t, stun.MethodRefresh))
	require.Equal(t, ledger.Released, b.Ledger.History()[0].Reason)
	c.allocate(t)
}

func TestExpiry(t *testing.T) {
	b := newBox(t, func(b *box) { b.Lifetimes.Default = 500 * time.Millisecond })
	c, data, peer := accepted(t, b)
	requireEnded(t, data)
	requireEnded(t, peer)
	require.Eventually(t, func() bool { return b.Ledger.Len() == 0 }, patience, time.Millisecond)
	require.Equal(t, ledger.Expired, b.Ledger.History()[0].Reason)
	requireCode(t, stun.CodeAllocMismatch, c.do(t, stun.MethodRefresh))
	c.allocate(t, seconds(600))
}

// An expiry that was under way when a Refresh came must not count.
func TestExpiryAfterRefresh(t *testing.T) {
	b := newBox(t)
	a := &allocation{relay: b.Relay, expires: time.Now().Add(time.Hour)}
	a.expire()
	require.False(t, a.hasEnded())
}

func TestEndedByLedger(t *testing.T) {
	for _, reason := range []ledger.Reason{ledger.Ended, ledger.Revoked, ledger.Stopped} {
		t.Run(string(reason), func(t *testing.T) {
			b := newBox(t)
			c, data, peer := accepted(t, b)
			waiting := dialPeer(t, b.Ledger.Live()[0].Relayed)
			c.attempt(t)
			relayed := b.Ledger.Live()[0].Relayed
			require.Equal(t, 1, b.Ledger.EndUser("alice", reason))
			for _, conn := range []net.Conn{data, peer, waiting, c.conn} {
				requireEnded(t, conn)
			}
			requireRefused(t, relayed)
			require.Eventually(t, func() bool { return b.Ledger.Len() == 0 }, patience, time.Millisecond)
			require.Equal(t, reason, b.Ledger.History()[0].Reason)
		})
	}
}

func TestRefusedUserLosesItsKey(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	c.allocate(t)
	b.users.mu.Lock()
	b.users.refused["alice"], b.users.keys["alice"] = true, nil
	b.users.mu.Unlock()
	requireCode(t, stun.CodeUnauthorized, c.do(t, stun.MethodRefresh))
}

func TestKeySurvivesRotation(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	relayed := c.allocate(t)
	b.users.rotate("alice")
	requireSuccess(t, c, c.do(t, stun.MethodRefresh))
	c.permit(t, loopback)
	peer := dialPeer(t, relayed)
	id, _ := c.attempt(t)
	requireEcho(t, c.bind(t, id), peer)

	fresh := c.data(t)
	requireCode(t, stun.CodeUnauthorized, fresh.do(t, stun.MethodAllocate, transport(protoTCP)))
}

// stuck is a control connection of a client that takes no messages.
type stuck struct {
	testStream
	request []byte
	closing sync.Once
	closed  chan struct{}
}

func (s *stuck) Next(p []byte) (int, error) {
	if s.request == nil {
		<-s.closed
		return 0, net.ErrClosed
	}
	n := copy(p, s.request)
	s.request = nil
	return n, nil
}

func (s *stuck) Write([]byte) (int, error) {
	<-s.closed
	return 0, net.ErrClosed
}

func (s *stuck) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return nil
}

func TestClientTakesNothing(t *testing.T) {
	b := newBox(t, func(b *box) { b.limits.write = 200 * time.Millisecond })
	c := newClient(t, b, "alice")
	request := c.sign(stun.MethodAllocate, transport(protoTCP)).Raw
	s := &stuck{testStream: testStream{Conn: c.conn}, request: request, closed: make(chan struct{})}
	require.ErrorIs(t, b.ServeControl(s), net.ErrClosed)
	require.Zero(t, b.Ledger.Len())
	require.Equal(t, ledger.ClientGone, b.Ledger.History()[0].Reason)
}

func TestQuota(t *testing.T) {
	b := newBox(t, limited(ledger.Limits{PerUser: 1}))
	c := newClient(t, b, "alice")
	c.allocate(t)
	second := newClient(t, b, "alice")
	requireCode(t, stun.CodeAllocQuotaReached, second.do(t, stun.MethodAllocate, transport(protoTCP)))
	newClient(t, b, "bob").allocate(t)
	requireSuccess(t, c, c.do(t, stun.MethodRefresh, seconds(0)))
	second.allocate(t)
}

// Two allocations must not share a port, though the kernel would let them.
func TestPortsAreNotShared(t *testing.T) {
	b := newBox(t, func(b *box) {
		only := freeRange(t)
		b.pool = port.NewPool(only)
		b.Addresses = served{message.IPv4: b.pool}
	})
	newClient(t, b, "alice").allocate(t)
	second := newClient(t, b, "bob")
	requireCode(t, stun.CodeInsufficientCapacity, second.do(t, stun.MethodAllocate, transport(protoTCP)))
}

// freeRange returns a range of one port that is free now.
func freeRange(t *testing.T) port.Range {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, free, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	r, err := port.ParseRange(free + "-" + free)
	require.NoError(t, err)
	return r
}

func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("needs an IPv6 loopback address: %v", err)
	}
	defer l.Close()
	b := newBox(t, func(b *box) { b.Addresses = served{message.IPv6: b.pool} })
	c := newClient(t, b, "alice")
	requireCode(t, stun.CodeAddrFamilyNotSupported, c.do(t, stun.MethodAllocate, transport(protoTCP)))
	relayed := c.allocate(t, family(2))
	require.Equal(t, netip.IPv6Loopback(), relayed.Addr())
	requireCode(t, stun.CodePeerAddrFamilyMismatch, c.do(t, stun.MethodConnect, message.PeerAddress(somePeer)))
	requireSuccess(t, c, c.do(t, stun.MethodRefresh, family(2)))

	c.permit(t, netip.IPv6Loopback())
	peer := dialPeer(t, relayed)
	id, _ := c.attempt(t)
	requireEcho(t, c.bind(t, id), peer)

	at := l.Addr().(*net.TCPAddr).AddrPort()
	answer := c.do(t, stun.MethodConnect, message.PeerAddress(at))
	requireSuccess(t, c, answer)
	id, _ = message.ConnectionID(answer)
	incoming, err := l.Accept()
	require.NoError(t, err)
	defer incoming.Close()
	require.Equal(t, relayed.String(), incoming.RemoteAddr().String())
	requireEcho(t, c.bind(t, id), incoming)
}

// requireEnded waits for the end of a connection, orderly or not.
func requireEnded(t *testing.T, conn net.Conn) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	_, err := io.Copy(io.Discard, conn)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

// requireReset waits for a reset.
func requireReset(t *testing.T, conn net.Conn) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

// requireDialReset dials an address at which connections are reset, which may
// happen while the dialling is still under way.
func requireDialReset(t *testing.T, addr netip.AddrPort) {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		require.ErrorIs(t, err, syscall.ECONNRESET)
		return
	}
	defer conn.Close()
	requireReset(t, conn)
}

func requireRefused(t *testing.T, addr netip.AddrPort) {
	t.Helper()
	_, err := net.Dial("tcp", addr.String())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}
