// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
)

func TestAllocate(t *testing.T) {
	s := newTestServer(testConfig())
	running(t, s)
	username, password := s.creds.For("laptop")
	deniedName, deniedPassword := s.creds.For("stolen")
	s.creds.Deny("stolen")

	tests := map[string]struct {
		username, password string
		refused            bool
	}{
		"right credentials":       {username, password, false},
		"error/wrong password":    {username, "x" + password[1:], true},
		"error/other's password":  {username, deniedPassword, true},
		"error/changed user name": {"x" + username[1:], password, true},
		"error/device denied":     {deniedName, deniedPassword, true},
		"error/foreign user name": {"ring", "ring", true},
		"error/empty credentials": {"", "", true},
		"error/user name in caps": {strings.ToUpper(username), password, true},
	}
	for _, network := range []string{"udp", "tcp"} {
		for name, tt := range tests {
			t.Run(network+"/"+name, func(t *testing.T) {
				failures := s.Status().AuthFailures
				client := dial(t, network, udpAddr(s).String(), tt.username, tt.password)
				relay, err := client.Allocate()
				if tt.refused {
					require.ErrorContains(t, err, "401")
					require.Equal(t, failures+1, s.Status().AuthFailures)
					require.Zero(t, s.Status().Allocations)
					return
				}
				require.NoError(t, err)
				require.Equal(t, failures, s.Status().AuthFailures)
				require.Equal(t, 1, s.Status().Allocations)
				relayed := relay.LocalAddr().(*net.UDPAddr)
				require.Equal(t, "127.0.0.1", relayed.IP.String())
				require.GreaterOrEqual(t, relayed.Port, 49152)
				require.NoError(t, relay.Close())
				require.Eventually(t, func() bool { return s.Status().Allocations == 0 }, patience, time.Millisecond)
			})
		}
	}
}

func TestDenialEndsAllocations(t *testing.T) {
	s := newTestServer(testConfig())
	running(t, s)
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			stolen, laptop := dialDevice(t, s, network, "stolen"), dialDevice(t, s, network, "laptop")
			stolen.allocate(t)
			laptop.allocate(t)
			peer := &net.UDPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 5000}
			require.NoError(t, stolen.CreatePermission(peer))

			s.creds.Deny("stolen")
			require.Eventually(t, func() bool { return s.Status().Allocations == 1 }, patience, time.Millisecond)
			require.Equal(t, ledger.Revoked, s.ClosedAllocations()[0].Reason)
			require.Equal(t, s.creds.Username("stolen"), s.ClosedAllocations()[0].Username)
			require.Error(t, stolen.CreatePermission(peer))
			_, err := dialDevice(t, s, network, "stolen").Allocate()
			require.ErrorContains(t, err, "401")
			require.NoError(t, laptop.CreatePermission(peer), "nobody else is touched")

			s.creds.Allow("stolen")
			dialDevice(t, s, network, "stolen").allocate(t)
			for _, a := range s.Allocations() {
				require.True(t, s.EndAllocation(a.ID))
			}
			require.Eventually(t, func() bool { return s.Status().Allocations == 0 }, patience, time.Millisecond)
			require.Equal(t, ledger.Ended, s.ClosedAllocations()[0].Reason)
			require.False(t, s.EndAllocation(12345))
		})
	}
}

func TestBinding(t *testing.T) {
	s := newTestServer(testConfig())
	running(t, s)
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			reflexive, err := dial(t, network, udpAddr(s).String(), "", "").SendBindingRequest()
			require.NoError(t, err)
			require.Equal(t, "127.0.0.1", reflexive.(*net.UDPAddr).IP.String())
		})
	}
}

func TestRelayToRelay(t *testing.T) {
	s := newTestServer(testConfig())
	running(t, s)
	for _, networks := range [][2]string{{"udp", "udp"}, {"udp", "tcp"}, {"tcp", "tcp"}} {
		t.Run(networks[0]+" to "+networks[1], func(t *testing.T) {
			before := s.Status().Relayed[ledger.UDP]
			aliceClient := dialDevice(t, s, networks[0], "alice")
			alice := aliceClient.allocate(t)
			bob := dialDevice(t, s, networks[1], "bob").allocate(t)
			require.NoError(t, aliceClient.CreatePermission(bob.LocalAddr()))

			// Bob's packet opens his side, so that Alice's can come in.
			_, err := bob.WriteTo([]byte("hello alice"), alice.LocalAddr())
			require.NoError(t, err)
			text, from := receive(t, alice)
			require.Equal(t, "hello alice", text)
			require.Equal(t, bob.LocalAddr().String(), from.String())

			_, err = alice.WriteTo([]byte("hello bob"), from)
			require.NoError(t, err)
			text, _ = receive(t, bob)
			require.Equal(t, "hello bob", text)

			bytes := uint64(len("hello alice") + len("hello bob"))
			require.Eventually(t, func() bool {
				after := s.Status().Relayed[ledger.UDP]
				return after.Up == ledger.Traffic{Packets: before.Up.Packets + 2, Bytes: before.Up.Bytes + bytes} &&
					after.Down == ledger.Traffic{Packets: before.Down.Packets + 2, Bytes: before.Down.Bytes + bytes}
			}, patience, time.Millisecond)
		})
	}
}

func TestRestartOnSamePort(t *testing.T) {
	cfg := testConfig()
	first := newTestServer(cfg)
	stop := running(t, first)
	cfg.Listen = []string{udpAddr(first).String()}
	dialDevice(t, first, "tcp", "laptop").allocate(t)
	stop()
	require.Empty(t, first.Addrs())
	require.Empty(t, first.Status().Listen)

	again := newTestServer(cfg)
	for range 3 {
		stop := running(t, again)
		require.Equal(t, cfg.Listen[0], udpAddr(again).String())
		dialDevice(t, again, "udp", "laptop").allocate(t)
		require.NoError(t, again.Check(t.Context()))
		stop()
	}
}

func isPermanent(err error) bool {
	p, ok := err.(interface{ Permanent() bool })
	return ok && p.Permanent()
}

func TestPermanentErrors(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		says   string
	}{
		"nothing to tell": {func(c *Config) { c.Advertise = nil }, "turn.advertise"},
		"ports":           {func(c *Config) { c.Ports = "9-5" }, `turn.ports: "9-5"`},
		"listen":          {func(c *Config) { c.Listen = []string{"3478"} }, `turn.listen[0]: "3478"`},
		"listen in range": {func(c *Config) { c.Listen = []string{":50000"} }, "outside turn.ports 49152-65535"},
		"nothing to bind": {func(c *Config) { c.Listen = nil }, "turn.listen"},
		"advertise":       {func(c *Config) { c.Advertise = []string{"box.example"} }, `turn.advertise[0]: "box.example"`},
		"realm":           {func(c *Config) { c.Realm = "other" }, `credentials are made for realm "jamibox.test"`},
		"no realm":        {func(c *Config) { c.Realm = "" }, "turn.realm"},
		"no certificate":  {func(c *Config) { c.TLSListen = []string{"127.0.0.1:0"} }, "turn.tls_listen"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			tt.change(&cfg)
			err := newTestServer(cfg).Run(t.Context(), func() { require.Fail(t, "ready") })
			require.ErrorContains(t, err, tt.says)
			require.True(t, isPermanent(err))
		})
	}
	require.NoError(t, DefaultConfig().Validate())
}

func TestStopEndsEverything(t *testing.T) {
	s := newTestServer(testConfig())
	stop := running(t, s)
	for range 5 {
		dialDevice(t, s, "udp", "laptop").allocate(t)
		dialDevice(t, s, "tcp", "laptop").allocate(t)
	}
	idle, err := net.Dial("tcp", udpAddr(s).String())
	require.NoError(t, err)
	defer func() { _ = idle.Close() }()
	require.Eventually(t, func() bool { return s.Status().Streams == 6 }, patience, time.Millisecond)
	require.Equal(t, 10, s.Status().Allocations)
	require.Equal(t, Held{
		Held:    ledger.Held{Entries: 10, Allocations: 10, Users: 1, Sources: 1, Idle: 10},
		Streams: 6, StreamSources: 1, Ports: 10,
	}, s.Held())
	live := s.live.Load()

	// With packets on their way in both transports.
	from, to := dialDevice(t, s, "udp", "alice").allocate(t), dialDevice(t, s, "tcp", "bob").allocate(t)
	ctx, cancel := context.WithCancel(t.Context())
	var senders sync.WaitGroup
	for _, way := range [][2]net.PacketConn{{from, to}, {to, from}} {
		senders.Go(func() {
			for ctx.Err() == nil {
				if _, err := way[0].WriteTo([]byte("on my way"), way[1].LocalAddr()); err != nil {
					return
				}
			}
		})
	}
	require.Eventually(t, func() bool { return s.Status().Relayed[ledger.UDP].Down.Packets > 100 }, patience, time.Millisecond)
	stop()
	cancel()
	senders.Wait()
	require.Zero(t, live.book.used())
	require.Zero(t, live.streams.len())
	require.Zero(t, s.Held())
	require.NoError(t, idle.SetReadDeadline(time.Now().Add(patience)))
	_, err = idle.Read(make([]byte, 1))
	require.Error(t, err)
	require.False(t, isTimeout(err))
}

func TestFailedSocketEndsRun(t *testing.T) {
	s := newTestServer(testConfig())
	ended := make(chan error, 1)
	ready := make(chan struct{})
	go func() { ended <- s.Run(context.Background(), func() { close(ready) }) }()
	<-ready
	live := s.live.Load()
	require.Eventually(t, func() bool {
		live.mu.Lock()
		defer live.mu.Unlock()
		for conn := range live.sockets {
			require.NoError(t, conn.Close())
			return true
		}
		return false
	}, patience, time.Millisecond)
	select {
	case err := <-ended:
		require.ErrorContains(t, err, "on 127.0.0.1:")
	case <-time.After(patience):
		require.Fail(t, "Run goes on without a working socket")
	}
}
