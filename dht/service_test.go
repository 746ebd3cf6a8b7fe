// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestServiceKeepsNodeIDOverRestart(t *testing.T) {
	t.Parallel()
	needDhtnode(t)
	stateDir := filepath.Join(t.TempDir(), "state", "dht")
	s := newService(t, testConfig(), stateDir)
	require.Equal(t, "dht", s.Name())
	require.Equal(t, Status{Engine: EngineDhtnode}, s.Status())
	require.ErrorIs(t, s.Check(t.Context()), ErrNotRunning)
	require.NoDirExists(t, stateDir, "New opens nothing")

	first := start(t, s)
	first.awaitReady(t)
	before := s.Status()
	require.Len(t, before.NodeID, 40)
	require.Positive(t, before.PID)
	require.NotZero(t, before.Port)
	require.WithinDuration(t, time.Now(), before.Started, 10*time.Second)
	require.NoError(t, s.Check(t.Context()))
	require.True(t, s.Status().LastProbe.At.After(before.LastProbe.At))
	require.Positive(t, s.Status().LastProbe.RTT)

	first.stop()
	require.NoError(t, first.awaitEnd(t))
	require.Equal(t, Status{Engine: EngineDhtnode}, s.Status())
	require.ErrorIs(t, s.Check(t.Context()), ErrNotRunning)
	require.FileExists(t, filepath.Join(stateDir, "dhtnode.state"))
	info, err := os.Stat(stateDir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	second := start(t, s)
	second.awaitReady(t)
	require.Equal(t, before.NodeID, s.Status().NodeID)
	require.NotEqual(t, before.PID, s.Status().PID)
}

func TestServiceJoinsBootstrapNode(t *testing.T) {
	t.Parallel()
	needDhtnode(t)
	one := newService(t, testConfig(), t.TempDir())
	start(t, one).awaitReady(t)

	cfg := testConfig()
	cfg.Bootstrap = []string{one.engine.Addr().String()}
	two := newService(t, cfg, t.TempDir())
	start(t, two).awaitReady(t)
	require.Eventually(t, func() bool {
		return two.Check(t.Context()) == nil && two.Status().Nodes > 0
	}, 8*time.Second, 100*time.Millisecond)
}

func TestServiceWithDamagedState(t *testing.T) {
	t.Parallel()
	needDhtnode(t)
	stateDir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(stateDir, "dhtnode.state"), []byte("damaged"), 0o600))
	start(t, newService(t, testConfig(), stateDir)).awaitReady(t)
}

func TestServicePortTaken(t *testing.T) {
	t.Parallel()
	needDhtnode(t)
	for name, addr := range map[string]string{
		"error/all addresses": "0.0.0.0:0",
		"error/loopback only": "127.0.0.1:0",
	} {
		t.Run(name, func(t *testing.T) {
			taken, err := net.ListenPacket("udp4", addr)
			require.NoError(t, err)
			defer taken.Close()
			port := taken.LocalAddr().(*net.UDPAddr).Port
			cfg := testConfig()
			cfg.Listen = ":" + strconv.Itoa(port)
			err = start(t, newService(t, cfg, t.TempDir())).awaitEnd(t)
			require.EqualError(t, err, "UDP port "+strconv.Itoa(port)+" is already in use by another program "+
				"(Debian's dhtnode package starts its own service: systemctl disable --now dhtnode)")
		})
	}
}

func TestServiceProgramMissing(t *testing.T) {
	t.Parallel()
	for name, program := range map[string]string{
		"error/name": "no-such-dhtnode",
		"error/path": filepath.Join(t.TempDir(), "dhtnode"),
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Program = program
			stateDir := filepath.Join(t.TempDir(), "state")
			err := start(t, newService(t, cfg, stateDir)).awaitEnd(t)
			require.EqualError(t, err,
				program+" is not installed: install the package dhtnode, or set dht.enabled = false")
			permanent, ok := errors.AsType[interface {
				error
				Permanent() bool
			}](err)
			require.True(t, ok && permanent.Permanent())
			require.NoDirExists(t, stateDir)
		})
	}
}

func TestServiceNodeNeverAnswers(t *testing.T) {
	t.Parallel()
	node := fakeNode(t, func(string, uint32, netip.AddrPort) []string { return nil })
	s := &Service{
		engine: fakeEngine{addr: node}, startLimit: 200 * time.Millisecond, logger: slog.New(slog.DiscardHandler),
	}
	r := start(t, s)
	require.ErrorContains(t, r.awaitEnd(t), "did not answer within 200ms of its start: no answer to ping")
	select {
	case <-r.ready:
		require.Fail(t, "was ready")
	default:
	}
}
