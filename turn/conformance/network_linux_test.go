// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The network: relay and clients in one namespace, peers in another, joined by
// a pair of virtual interfaces.
const (
	server4 = "10.77.0.1"
	server6 = "fd77::1"
	peer4   = "10.77.0.2"
	peer6   = "fd77::2"
	// stranger is another address of the peers, which nobody permits.
	stranger = "10.77.0.3"
	// absent is an address that nobody has, which the network finds out after
	// three seconds.
	absent = "10.77.9.9"
	// denied lies in the network that the operator of the relay denies.
	denied        = "10.66.0.2"
	deniedNetwork = "10.66.0.0/16"
	// clientNetwork is where clients have their addresses, each its own, since
	// a relay counts by source address.
	clientNetwork = "10.78.0.0/16"
	// programNetwork is the same for the programs of coturn.
	programNetwork = "10.79.0.0/16"

	// peersNamespace names the environment variable with the path of the
	// namespace of the peers.
	peersNamespace = "JAMIBOX_CONFORMANCE_PEERS"
	// patience bounds the wait for what has to come.
	patience = 5 * time.Second
)

// makeNetwork makes the namespace of the peers, joins it to the present one,
// and returns what removes it.
func makeNetwork() (remove func(), err error) {
	// The namespace lives as long as a process in it, and that as long as
	// its input.
	holder := exec.Command("sh", "-c", "echo $$; read _")
	holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	hold, err := holder.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := holder.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := holder.Start(); err != nil {
		return nil, err
	}
	remove = func() {
		_ = hold.Close()
		_ = holder.Wait()
	}
	// Its word means that it has started.
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		remove()
		return nil, err
	}
	if err := joinPeers(holder.Process.Pid); err != nil {
		remove()
		return nil, err
	}
	return remove, os.Setenv(peersNamespace, fmt.Sprintf("/proc/%d/ns/net", holder.Process.Pid))
}

func joinPeers(pid int) error {
	there := []string{"nsenter", "-t", strconv.Itoa(pid), "-n"}
	for _, command := range []struct {
		peers bool
		line  string
	}{
		{false, "ip link set lo up"},
		{false, "ip link add veth0 type veth peer name veth1 netns " + strconv.Itoa(pid)},
		{false, "ip addr add " + server4 + "/16 dev veth0"},
		{false, "ip addr add " + server6 + "/64 dev veth0 nodad"},
		{false, "ip link set veth0 up"},
		{false, "ip route add local " + clientNetwork + " dev lo"},
		{false, "ip route add local " + programNetwork + " dev lo"},
		{true, "ip link set lo up"},
		{true, "ip addr add " + peer4 + "/16 dev veth1"},
		{true, "ip addr add " + stranger + "/16 dev veth1"},
		{true, "ip addr add " + peer6 + "/64 dev veth1 nodad"},
		{true, "ip link set veth1 up"},
	} {
		args := strings.Fields(command.line)
		if command.peers {
			args = append(there, args...)
		}
		if output, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command.line, err, output)
		}
	}
	return nil
}

// amongPeers calls f in the namespace of the peers. What f opens or starts
// stays there.
func amongPeers(f func() error) error {
	ended := make(chan error)
	go func() {
		// The thread is not given back, so it ends with the goroutine.
		runtime.LockOSThread()
		err := enterPeers()
		if err == nil {
			err = f()
		}
		ended <- err
	}()
	return <-ended
}

// enterPeers moves the present thread to the namespace of the peers.
func enterPeers() error {
	namespace, err := os.Open(os.Getenv(peersNamespace))
	if err != nil {
		return err
	}
	defer func() { _ = namespace.Close() }()
	return unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
}

// peerListens returns a listener of a peer at an address.
func peerListens(t *testing.T, ip string) *net.TCPListener {
	t.Helper()
	var listener *net.TCPListener
	require.NoError(t, amongPeers(func() (err error) {
		listener, err = net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(ip)})
		return err
	}))
	t.Cleanup(func() { _ = listener.Close() })
	require.NoError(t, listener.SetDeadline(time.Now().Add(patience)))
	return listener
}

// peerDials connects a peer at an address to a relayed one.
func peerDials(t *testing.T, ip string, relayed netip.AddrPort) (*net.TCPConn, error) {
	t.Helper()
	var conn *net.TCPConn
	err := amongPeers(func() error {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}, Timeout: patience}
		c, err := dialer.Dial("tcp", relayed.String())
		if err == nil {
			conn = c.(*net.TCPConn)
		}
		return err
	})
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return conn, err
}

// peerSocket returns a UDP socket of a peer at an address.
func peerSocket(t *testing.T, ip string) *net.UDPConn {
	t.Helper()
	var conn *net.UDPConn
	require.NoError(t, amongPeers(func() (err error) {
		conn, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip)})
		return err
	}))
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	return conn
}

// ending tells how a connection ends from which nothing more is expected.
func ending(conn net.Conn) string { return endingWithin(conn, patience) }

func endingWithin(conn net.Conn, limit time.Duration) string {
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err.Error()
	}
	n, err := conn.Read(make([]byte, 1))
	if n > 0 {
		return "data"
	}
	return failure(err)
}

// failure is the short name of what went wrong with a connection.
func failure(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "silence"
	case errors.Is(err, io.EOF):
		return "closed"
	}
	return err.Error()
}
