// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	for name, advertise := range map[string]string{
		"address of the box": "127.0.0.1",
		"address of a NAT":   "203.0.113.7",
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Advertise = []string{advertise}
			s := newTestServer(cfg)
			require.ErrorIs(t, s.Check(t.Context()), ErrNotRunning)
			stop := running(t, s)
			require.NoError(t, s.Check(t.Context()))
			require.Eventually(t, func() bool {
				status := s.Status()
				return status.Allocations == 0 && status.Streams == 0
			}, patience, time.Millisecond)
			require.Empty(t, s.ClosedAllocations(), "probes are nobody's business")
			require.Zero(t, s.Status().Opened)
			stop()
			require.ErrorIs(t, s.Check(t.Context()), ErrNotRunning)
		})
	}
	t.Run("error/no port left", func(t *testing.T) {
		cfg := testConfig()
		cfg.Ports = "21320-21320"
		s := newTestServer(cfg)
		running(t, s)
		require.ErrorContains(t, s.Check(t.Context()), "no relayed port is free")
	})
	t.Run("error/context ended", func(t *testing.T) {
		s := newTestServer(testConfig())
		running(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, s.Check(ctx), context.Canceled)
	})
	t.Run("error/deaf listener", func(t *testing.T) {
		s := newTestServer(testConfig())
		running(t, s)
		deaf, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		defer func() { require.NoError(t, deaf.Close()) }()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		client, err := s.dialProbe(ctx, "udp", deaf.LocalAddr().(*net.UDPAddr).AddrPort())
		require.NoError(t, err)
		_, err = client.Allocate()
		require.Error(t, err)
		require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
		require.NoError(t, client.close())
	})
}
