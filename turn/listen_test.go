// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

func TestWildcard(t *testing.T) {
	cfg := testConfig()
	cfg.Listen = []string{":0"}
	s := newTestServer(cfg)
	running(t, s)
	var udp, tcp int
	for _, addr := range s.Addrs() {
		switch a := addr.(type) {
		case *net.UDPAddr:
			udp++
			require.False(t, a.IP.IsUnspecified(), "each address has a socket of its own")
			// The client is elsewhere, so the route back prefers another source
			// address, and its connected socket drops answers from that.
			loopback := net.IPv6loopback
			if a.IP.To4() != nil {
				loopback = net.IPv4(127, 0, 0, 1)
			}
			conn, err := net.DialUDP("udp", &net.UDPAddr{IP: loopback}, a)
			require.NoError(t, err, a.String())
			_, err = conn.Write(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw)
			require.NoError(t, err, a.String())
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
			_, err = conn.Read(make([]byte, 100))
			require.NoError(t, err, a.String())
			require.NoError(t, conn.Close())
		case *net.TCPAddr:
			tcp++
			require.Equal(t, udpAddr(s).Port, a.Port)
		}
	}
	require.Positive(t, udp)
	require.Equal(t, 1, tcp)
}

func TestTakenPort(t *testing.T) {
	first := newTestServer(testConfig())
	running(t, first)
	cfg := testConfig()
	cfg.Listen = []string{udpAddr(first).String()}
	err := newTestServer(cfg).Run(t.Context(), func() { require.Fail(t, "ready") })
	require.ErrorContains(t, err, "already in use")
	require.ErrorContains(t, err, udpAddr(first).String())
	require.ErrorContains(t, err, "TCP")
	require.False(t, isPermanent(err))

	t.Run("over UDP alone", func(t *testing.T) {
		free, err := listen("127.0.0.1:0", nil, first.logger)
		require.NoError(t, err)
		require.NoError(t, free.close())
		other, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(free.tcp.Addr().(*net.TCPAddr).AddrPort()))
		require.NoError(t, err)
		defer func() { require.NoError(t, other.Close()) }()
		cfg.Listen = []string{"127.0.0.1:0", other.LocalAddr().String()}
		cfg.Ports = "1024-1025"
		err = newTestServer(cfg).Run(t.Context(), func() { require.Fail(t, "ready") })
		require.ErrorContains(t, err, "already in use")
		require.ErrorContains(t, err, other.LocalAddr().String())
		require.ErrorContains(t, err, "UDP")
	})
}
