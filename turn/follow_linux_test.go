// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
)

const inNamespace = "JAMIBOX_TURN_TEST_NAMESPACE"

// TestChangedNetwork moves the box to another address while it serves, in a
// network namespace of its own.
func TestChangedNetwork(t *testing.T) {
	if os.Getenv(inNamespace) == "" {
		t.Parallel()
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChangedNetwork$", "-test.v")
		again.Env = append(os.Environ(), inNamespace+"=1")
		again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		output, err := again.CombinedOutput()
		if errors.Is(err, syscall.EPERM) {
			t.Skipf("network namespaces need root: %v", err)
		}
		require.NoError(t, err, "%s", output)
		return
	}
	ip := func(args ...string) {
		t.Helper()
		output, err := exec.CommandContext(t.Context(), "ip", args...).CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("ip is not installed (package iproute2)")
	}
	ip("link", "set", "lo", "up")
	ip("link", "add", "office", "type", "veth", "peer", "name", "wall")
	ip("link", "set", "office", "up")
	ip("link", "set", "wall", "up")
	ip("addr", "add", "10.1.0.1/24", "dev", "office")

	cfg := testConfig()
	cfg.Listen = []string{"0.0.0.0:3478"}
	cfg.Advertise = []string{"10.1.0.1"}
	s := newTestServer(cfg)
	running(t, s)
	username, password := s.creds.For("laptop")
	relay := dial(t, "udp", "10.1.0.1:3478", username, password).allocate(t)
	require.Equal(t, "10.1.0.1", relay.LocalAddr().(*net.UDPAddr).IP.String())

	ip("addr", "add", "10.2.0.1/24", "dev", "office")
	ip("addr", "del", "10.1.0.1/24", "dev", "office")
	serves := func(address string) bool {
		for _, addr := range s.Addrs() {
			if addr.Network() == "udp" && addr.String() == address {
				return true
			}
		}
		return false
	}
	require.Eventually(t, func() bool { return serves("10.2.0.1:3478") && !serves("10.1.0.1:3478") },
		3*followInterval, 10*time.Millisecond)
	require.Eventually(t, func() bool { return s.Status().Allocations == 0 }, patience, time.Millisecond,
		"what was relayed at the address that is gone ends")
	require.Equal(t, ledger.Stopped, s.ClosedAllocations()[0].Reason)
	for _, network := range []string{"udp", "tcp"} {
		relay = dial(t, network, "10.2.0.1:3478", username, password).allocate(t)
		require.Equal(t, "10.2.0.1", relay.LocalAddr().(*net.UDPAddr).IP.String())
	}
	require.False(t, s.live.Load().policy.AllowsTCP(relay.LocalAddr().(*net.UDPAddr).AddrPort()), "the new address is the box's own")
	require.NoError(t, s.Check(t.Context()))
}
