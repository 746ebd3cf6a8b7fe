// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/limit"
	"jamibox/dht/node"
	"jamibox/dht/wire"
)

func builtinConfig() Config {
	cfg := testConfig()
	cfg.Engine, cfg.Program, cfg.Listen = EngineBuiltin, "", netip.AddrPortFrom(anyLoopback(), 0).String()
	return cfg
}

func TestBuiltinKeepsNodeIDOverRestart(t *testing.T) {
	t.Parallel()
	stateDir := filepath.Join(t.TempDir(), "state", "dht")
	s := newService(t, builtinConfig(), stateDir)
	require.Equal(t, Status{Engine: EngineBuiltin}, s.Status())
	require.ErrorIs(t, s.Check(t.Context()), ErrNotRunning)
	require.NoDirExists(t, stateDir, "New opens nothing")

	first := start(t, s)
	first.awaitReady(t)
	before := s.Status()
	require.Len(t, before.NodeID, 40)
	require.Zero(t, before.PID)
	require.NotZero(t, before.Port)
	require.NoError(t, s.Check(t.Context()))
	require.Equal(t, 1, s.Status().Builtin.Values, "the self-check stores one value, whatever often")
	require.Positive(t, s.Status().Builtin.Requests["put"])

	first.stop()
	require.NoError(t, first.awaitEnd(t))
	require.Equal(t, Status{Engine: EngineBuiltin}, s.Status())
	info, err := os.Stat(stateDir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	start(t, s).awaitReady(t)
	require.Equal(t, before.NodeID, s.Status().NodeID)
}

func TestBuiltinWithDamagedState(t *testing.T) {
	t.Parallel()
	stateDir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(stateDir, stateFile), []byte("damaged"), 0o600))
	start(t, newService(t, builtinConfig(), stateDir)).awaitReady(t)
	require.FileExists(t, filepath.Join(stateDir, stateFile+".damaged"))
}

// TestEnginesMeet has a node of each engine join one of the other.
func TestEnginesMeet(t *testing.T) {
	t.Parallel()
	needDhtnode(t)
	for name, engines := range map[string][2]Config{
		"dhtnode joins builtin": {builtinConfig(), testConfig()},
		"builtin joins dhtnode": {testConfig(), builtinConfig()},
		"builtin joins builtin": {builtinConfig(), builtinConfig()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := newService(t, engines[0], t.TempDir())
			start(t, one).awaitReady(t)
			joining := engines[1]
			joining.Bootstrap = []string{one.engine.Addr().String()}
			two := newService(t, joining, t.TempDir())
			start(t, two).awaitReady(t)
			for _, s := range []*Service{one, two} {
				require.Eventually(t, func() bool { return s.Check(t.Context()) == nil && s.Status().Nodes > 0 },
					10*time.Second, 100*time.Millisecond)
			}
		})
	}
}

// TestBuiltinCatchesUp has a second box come to one that holds values.
func TestBuiltinCatchesUp(t *testing.T) {
	t.Parallel()
	one := newService(t, builtinConfig(), t.TempDir())
	start(t, one).awaitReady(t)
	for i := range 50 {
		_, err := one.Put(t.Context(), wire.HashOf([]byte{byte(i)}), &wire.Value{ID: 1, Data: []byte("value")})
		require.NoError(t, err)
	}
	joining := builtinConfig()
	joining.Bootstrap = []string{one.engine.Addr().String()}
	two := newService(t, joining, t.TempDir())
	start(t, two).awaitReady(t)
	require.Eventually(t, func() bool { return two.Status().Builtin.Values >= 50 }, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool { return one.Status().Builtin.Replicated >= 50 }, 10*time.Second, 10*time.Millisecond)
}

func TestBuiltinPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	cfg := builtinConfig()
	cfg.Listen = taken.LocalAddr().String()
	require.ErrorContains(t, start(t, newService(t, cfg, t.TempDir())).awaitEnd(t), cfg.Listen)
}

// TestLimits lifts those of addresses that are not forged, and lowers both.
func TestLimits(t *testing.T) {
	defaults := node.DefaultConfig()
	require.Equal(t, [2]int{8192, 1024}, [2]int{defaults.Unproven.Requests, defaults.Unproven.RequestsPerAddress})
	for name, c := range map[string]struct{ all, source, unproven, unprovenSource int }{
		"defaults":  {16384, 8192, 8192, 1024},
		"no limits": {0, 0, 8192, 1024},
		"higher":    {100_000, 50_000, 8192, 1024},
		"lower":     {500, 50, 500, 50},
		"one only":  {0, 50, 8192, 50},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.MaxRequestsPerSecond, cfg.MaxRequestsPerSecondPerSource = c.all, c.source
			proven, unproven := cfg.limits(defaults.Limits, defaults.Unproven)
			require.Equal(t, limit.Config{Requests: c.all, RequestsPerAddress: c.source, BytesPerAddress: 16 << 20}, proven)
			require.Equal(t, limit.Config{Requests: c.unproven, RequestsPerAddress: c.unprovenSource, BytesPerAddress: 128 << 10}, unproven)
		})
	}
}

func TestFamilies(t *testing.T) {
	for text, want := range map[string][2]string{
		":4222":          {"0.0.0.0:4222", "[::]:4222"},
		"10.0.0.1:4222":  {"10.0.0.1:4222", "invalid AddrPort"},
		"0.0.0.0:4222":   {"0.0.0.0:4222", "invalid AddrPort"},
		"[fd00::1]:4222": {"invalid AddrPort", "[fd00::1]:4222"},
	} {
		t.Run(text, func(t *testing.T) {
			cfg := builtinConfig()
			cfg.Listen = text
			listen, err := cfg.listen()
			require.NoError(t, err)
			ipv4, ipv6 := families(listen)
			require.Equal(t, want, [2]string{ipv4.String(), ipv6.String()})
		})
	}
}

func TestSelfCheckMissesValue(t *testing.T) {
	t.Parallel()
	node := fakeNode(t, func(method string, transaction uint32, _ netip.AddrPort) []string {
		return []string{soundReply(method, transaction)}
	})
	_, err := newProber(t, node).check(t.Context())
	require.ErrorContains(t, err, "confirmed the value 0")
}
