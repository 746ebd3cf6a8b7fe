// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/node"
)

// target is a node that is asked.
type target struct {
	port    uint16
	clients atomic.Uint32
}

// startDhtnode runs the reference until the test ends.
func startDhtnode(t *testing.T) *target {
	t.Helper()
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
	port := freePort(t)
	program := exec.Command("dhtnode", "-s", "-p", strconv.Itoa(int(port)))
	program.Env = environment()
	require.NoError(t, program.Start())
	t.Cleanup(func() {
		require.NoError(t, program.Process.Kill())
		_ = program.Wait() // killed
	})
	n := &target{port: port}
	n.awaitAnswer(t)
	return n
}

// startBuiltin runs the builtin node until the test ends.
func startBuiltin(t *testing.T) *target {
	t.Helper()
	n := &target{port: freePort(t)}
	cfg := node.DefaultConfig()
	cfg.IPv4 = netip.AddrPortFrom(netip.IPv4Unspecified(), n.port)
	cfg.IPv6 = netip.AddrPortFrom(netip.IPv6Unspecified(), n.port)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- node.New(cfg, slog.New(slog.DiscardHandler)).Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		require.FailNow(t, "the builtin node ended", "%v", err)
	}
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return n
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	socket, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, socket.Close()) }()
	return socket.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

func (n *target) awaitAnswer(t *testing.T) {
	t.Helper()
	c := n.client(t)
	c.patience = 20 * time.Millisecond
	// Refused, which is silence at once, until the node listens.
	require.Eventually(t, func() bool { return !c.ask("ping", nil).silent() }, 2*patience, 20*time.Millisecond,
		"the node does not answer")
}

// source returns an address that no other client has: nodes count by it.
func (n *target) source() netip.Addr {
	i := n.clients.Add(1)
	return netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)})
}
