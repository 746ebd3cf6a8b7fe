// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func testRelays(ports portRange) *relays {
	loopback := netip.MustParseAddr("127.0.0.1")
	return &relays{
		advertised: netip.MustParseAddr("203.0.113.7"),
		bound:      loopback,
		ports:      ports,
		inUse:      newPortSet(),
		policy:     newPeerPolicy([]localAddr{{prefix: netip.PrefixFrom(loopback, 8), loopback: true}}, nil, ports),
		count:      new(counters),
	}
}

func TestRelayPortsAreDistinct(t *testing.T) {
	r := testRelays(portRange{first: 61000, last: 61063})
	var mu sync.Mutex
	var conns []net.PacketConn
	seen := make(map[string]struct{})
	var wg sync.WaitGroup
	for range 2 * r.ports.size() {
		wg.Go(func() {
			conn, addr, err := r.AllocatePacketConn("udp4", 0)
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			conns = append(conns, conn)
			seen[addr.String()] = struct{}{}
		})
	}
	wg.Wait()
	require.Len(t, seen, len(conns))
	require.Greater(t, len(conns), r.ports.size()/2, "few ports can be taken by other programs")
	_, _, err := r.AllocatePacketConn("udp4", 0)
	require.ErrorIs(t, err, errPortsExhausted)
	require.ErrorContains(t, err, "61000-61063")
	for _, conn := range conns {
		require.NoError(t, conn.Close())
		require.NoError(t, conn.Close(), "pion may close twice")
	}
	require.Zero(t, r.inUse.len())
}

func TestRelayRequestedPort(t *testing.T) {
	r := testRelays(portRange{first: 61100, last: 61101})
	conn, addr, err := r.AllocatePacketConn("udp4", 61101)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.Equal(t, "203.0.113.7:61101", addr.String())
	for _, port := range []int{61101, 61099, 61102, 1} {
		_, _, err := r.AllocatePacketConn("udp4", port)
		require.Error(t, err, port)
	}
	_, _, err = r.AllocateConn("tcp4", 0)
	require.ErrorIs(t, err, errNoTCPRelay)
}

func TestRelayDropsOtherFamily(t *testing.T) {
	r := testRelays(portRange{first: 61200, last: 61210})
	conn, _, err := r.AllocatePacketConn("udp4", 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	n, err := conn.WriteTo([]byte("hello"), &net.UDPAddr{IP: net.ParseIP("2001:db8::1"), Port: 5000})
	require.NoError(t, err)
	require.Equal(t, 5, n)
	require.EqualValues(t, 1, r.count.deniedTo.Load())
	_, err = conn.WriteTo(nil, &net.TCPAddr{})
	require.Error(t, err)
}

func TestPionLogsAtDebug(t *testing.T) {
	for level, wanted := range map[slog.Level]bool{slog.LevelInfo: false, slog.LevelDebug: true} {
		var out strings.Builder
		l := pionLogger{slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level}))}.NewLogger("turn")
		l.Errorf("malformed %s", "datagram")
		l.Error("x")
		l.Warnf("x")
		l.Warn("x")
		l.Infof("x")
		l.Info("x")
		require.Equal(t, wanted, strings.Contains(out.String(), `level=DEBUG msg=pion detail="malformed datagram"`))
		require.NotContains(t, out.String(), "level=ERROR")
		out.Reset()
		l.Debugf("single packet")
		l.Debug("x")
		l.Tracef("x")
		l.Trace("x")
		require.Empty(t, out.String())
	}
}

func TestSoftDeny(t *testing.T) {
	cfg := testConfig()
	cfg.Ports = "61400-61499" // where the kernel puts no socket of its choice
	s := newTestServer(cfg)
	running(t, s)
	secret, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, secret.Close()) }()
	client := dialDevice(t, s, "udp", "laptop")
	relay := client.allocate(t)
	bob := dialDevice(t, s, "udp", "bob").allocate(t)

	// One request for all candidates, as Jami does: the good ones must work.
	require.NoError(t, client.CreatePermission(secret.LocalAddr(), bob.LocalAddr(),
		&net.UDPAddr{IP: net.IPv4(224, 0, 0, 1), Port: 9}))
	_, err = relay.WriteTo([]byte("let me in"), secret.LocalAddr())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Status().DeniedToPeers == 1 }, patience, time.Millisecond)
	require.Zero(t, s.Status().Up.Packets)

	_, err = secret.WriteTo([]byte("unasked"), relay.LocalAddr())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Status().DeniedFromPeers == 1 }, patience, time.Millisecond)

	_, err = bob.WriteTo([]byte("allowed"), relay.LocalAddr())
	require.NoError(t, err)
	text, _ := receive(t, relay)
	require.Equal(t, "allowed", text)
}

func TestPortsExhausted(t *testing.T) {
	cfg := testConfig()
	cfg.Ports = "61300-61301"
	s := newTestServer(cfg)
	running(t, s)
	first := dialDevice(t, s, "udp", "a").allocate(t)
	second := dialDevice(t, s, "tcp", "b").allocate(t)
	require.NotEqual(t, first.LocalAddr().String(), second.LocalAddr().String())
	_, err := dialDevice(t, s, "udp", "c").Allocate()
	require.ErrorContains(t, err, "508")
	require.NoError(t, first.Close())
	require.Eventually(t, func() bool { return s.Status().Allocations == 1 }, patience, time.Millisecond)
	dialDevice(t, s, "udp", "d").allocate(t)
}

func TestPortOfOtherProgram(t *testing.T) {
	taken, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 61310})
	if err != nil {
		t.Skipf("port is taken: %v", err)
	}
	defer func() { require.NoError(t, taken.Close()) }()
	cfg := testConfig()
	cfg.Ports = "61310-61311"
	s := newTestServer(cfg)
	running(t, s)
	relay := dialDevice(t, s, "udp", "a").allocate(t)
	require.Equal(t, 61311, relay.LocalAddr().(*net.UDPAddr).Port)
}
