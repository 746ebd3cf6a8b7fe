// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	inNamespace = "JAMIBOX_TURN_TEST_NAMESPACE"
	serverIP    = "10.77.0.1"
	peerIP      = "10.77.0.2"
	peerPort    = 3480
)

// TestCoturnClient lets coturn's client send to coturn's peer through the
// relay. Client and relay share one network namespace and the peer has
// another, because the relay refuses peers on its own box.
func TestCoturnClient(t *testing.T) {
	for _, program := range []string{"turnutils_uclient", "turnutils_peer", "ip", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed (packages coturn, iproute2, util-linux)", program)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if os.Getenv(inNamespace) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCoturnClient$", "-test.v")
		again.Env = append(os.Environ(), inNamespace+"=1")
		again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		output, err := again.CombinedOutput()
		if errors.Is(err, syscall.EPERM) {
			t.Skipf("network namespaces are not permitted here: %v", err)
		}
		require.NoError(t, err, "%s", output)
		return
	}

	run(t, "ip", "link", "set", "lo", "up")
	startPeer(t)
	const clients, messages, size = 4, 200, 170
	for name, flags := range map[string][]string{"udp": nil, "tcp": {"-t"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the client pauses a lot
			s := newCoturnServer(t)
			args := append(flags, uclientArgs(s, "laptop")...)
			output := run(t, "turnutils_uclient", append(args, "-n", strconv.Itoa(messages), "-m", strconv.Itoa(clients),
				"-z", "5", "-l", strconv.Itoa(size), serverIP)...)
			require.Contains(t, output, "Total lost packets 0 (0.000000%)")
			require.Contains(t, output, fmt.Sprintf("tot_send_msgs=%d, tot_recv_msgs=%[1]d", clients*messages))

			status := s.Status()
			require.Equal(t, Traffic{clients * messages, clients * messages * size}, status.Up)
			require.Equal(t, Traffic{clients * messages, clients * messages * size}, status.Down)
			require.Zero(t, status.DeniedToPeers)
			require.Zero(t, status.AuthFailures)
			require.Eventually(t, func() bool { return s.Status().Streams == 0 }, patience, time.Millisecond)
		})
	}
	t.Run("error/device denied", func(t *testing.T) {
		s := newCoturnServer(t)
		s.creds.Deny("laptop")
		output, err := exec.CommandContext(t.Context(), "turnutils_uclient",
			append(uclientArgs(s, "laptop"), "-n", "1", serverIP)...).CombinedOutput()
		require.Error(t, err, "%s", output)
		require.Positive(t, s.Status().AuthFailures)
	})
}

func newCoturnServer(t *testing.T) *Server {
	t.Helper()
	cfg := testConfig()
	cfg.Listen = []string{":0"}
	cfg.Advertise = []string{serverIP}
	s := newTestServer(cfg)
	running(t, s)
	return s
}

func uclientArgs(s *Server, device string) []string {
	username, password := s.creds.For(device)
	return []string{"-u", username, "-w", password, "-p", strconv.Itoa(udpAddr(s).Port),
		"-c", "-e", peerIP, "-r", strconv.Itoa(peerPort)}
}

// startPeer runs coturn's echoing peer in a namespace of its own, joined to
// this one by a pair of virtual interfaces.
func startPeer(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	// It waits for its network before it starts.
	peer := exec.CommandContext(ctx, "sh", "-c", "read go && exec turnutils_peer -L "+peerIP+" -p "+strconv.Itoa(peerPort))
	peer.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	var output bytes.Buffer
	peer.Stdout, peer.Stderr = &output, &output
	stdin, err := peer.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, peer.Start())
	t.Cleanup(func() {
		cancel()
		_ = peer.Wait()
		if t.Failed() {
			t.Logf("turnutils_peer: %s", &output)
		}
	})

	pid := strconv.Itoa(peer.Process.Pid)
	run(t, "ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", pid)
	run(t, "ip", "addr", "add", serverIP+"/24", "dev", "veth0")
	run(t, "ip", "link", "set", "veth0", "up")
	run(t, "nsenter", "-t", pid, "-n", "ip", "addr", "add", peerIP+"/24", "dev", "veth1")
	run(t, "nsenter", "-t", pid, "-n", "ip", "link", "set", "veth1", "up")
	_, err = io.WriteString(stdin, "go\n")
	require.NoError(t, err)

	bound := fmt.Sprintf(":%04X ", peerPort)
	require.Eventually(t, func() bool {
		sockets, err := os.ReadFile("/proc/" + pid + "/net/udp")
		return err == nil && strings.Contains(string(sockets), bound)
	}, patience, 10*time.Millisecond, "the peer must listen")
	require.Eventually(t, func() bool {
		conn, err := net.Dial("udp", net.JoinHostPort(peerIP, strconv.Itoa(peerPort)))
		if err != nil {
			return false
		}
		defer func() { _ = conn.Close() }()
		_, err = conn.Write([]byte("ping"))
		if err != nil || conn.SetReadDeadline(time.Now().Add(100*time.Millisecond)) != nil {
			return false
		}
		_, err = conn.Read(make([]byte, 16))
		return err == nil
	}, patience, 10*time.Millisecond, "the peer must answer")
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", program, args, output)
	return string(output)
}
