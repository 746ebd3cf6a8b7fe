// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSoftDeny(t *testing.T) {
	cfg := testConfig()
	cfg.Ports = "21400-21499" // where the kernel puts no socket of its choice
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
	require.Eventually(t, func() bool { return s.Status().Denied == 1 }, patience, time.Millisecond)

	_, err = secret.WriteTo([]byte("unasked"), relay.LocalAddr())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Status().Denied == 2 }, patience, time.Millisecond)

	_, err = bob.WriteTo([]byte("allowed"), relay.LocalAddr())
	require.NoError(t, err)
	text, _ := receive(t, relay)
	require.Equal(t, "allowed", text)
}

func TestPortsExhausted(t *testing.T) {
	cfg := testConfig()
	cfg.Ports = "21300-21301"
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

func TestQuotas(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"device": func(c *Config) { c.MaxAllocationsPerDevice = 1 },
		"source": func(c *Config) { c.MaxAllocationsPerSource = 1 },
		"total":  func(c *Config) { c.MaxAllocations = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			change(&cfg)
			s := newTestServer(cfg)
			running(t, s)
			first := dialDevice(t, s, "udp", "laptop").allocate(t)
			_, err := dialDevice(t, s, "tcp", "laptop").AllocateTCP()
			require.ErrorContains(t, err, "486")
			_, err = dialDevice(t, s, "udp", "laptop").Allocate()
			require.ErrorContains(t, err, "486")
			require.EqualValues(t, 2, s.Status().QuotaRefusals)
			require.NoError(t, first.Close())
			require.Eventually(t, func() bool { return s.Status().Allocations == 0 }, patience, time.Millisecond)
			dialDevice(t, s, "udp", "laptop").allocate(t)
		})
	}
}
