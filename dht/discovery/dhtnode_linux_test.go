// SPDX-License-Identifier: GPL-3.0-or-later

package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
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

	"jamibox/dht/wire"
)

const (
	inNamespace = "JAMIBOX_DISCOVERY_TEST_NAMESPACE"
	patience    = 20 * time.Second
	realPort    = 5000 // of dhtnode
)

// lan is a network of the box and one other host, in one address family.
type lan struct{ box, other, family string }

// TestRealNode has a real dhtnode and a beacon find each other, on an interface
// that comes after the beacon started, goes, and comes again.
func TestRealNode(t *testing.T) {
	for name, l := range map[string]lan{
		"IPv4": {"10.8.0.1/24", "10.8.0.2/24", "-4"},
		"IPv6": {"fd08::1/64", "fd08::2/64", "-6"},
	} {
		t.Run(name, func(t *testing.T) {
			if os.Getenv(inNamespace) == "" {
				t.Parallel()
				runInNamespace(t)
				return
			}
			l.test(t)
		})
	}
}

// runInNamespace runs the present test again in a network of its own.
func runInNamespace(t *testing.T) {
	for _, program := range []string{"dhtnode", "ip", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed (packages dhtnode, iproute2, util-linux)", program)
		}
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v")
	again.Env = append(os.Environ(), inNamespace+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	output, err := again.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("network namespaces need root: %v", err)
	}
	require.NoError(t, err, "%s", output)
}

func (l lan) test(t *testing.T) {
	ip(t, "link set lo up")
	node, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, node.Close()) }()
	found := make(chan wire.Node, 100)
	searching := make(chan struct{})
	b := New(Config{
		ID:    wire.ID([]byte(nodeID)),
		Port:  node.LocalAddr().(*net.UDPAddr).AddrPort().Port(),
		Found: func(n wire.Node) { found <- n },
		Searching: func() bool {
			select {
			case <-searching:
				return true
			default:
				return false
			}
		},
	}, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	b.interval = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-ended)
	}()

	begin, pid := startRealNode(t)
	ip(t, "link add wall type veth peer name wall netns %d", pid)
	ip(t, "link set wall up")
	l.join(t)
	for _, command := range []string{
		"link set lo up", "addr add " + l.other + " dev wall nodad", "link set wall up", l.family + " route add default dev wall",
	} {
		there(t, pid, command)
	}
	// It makes itself known only once, as it starts.
	awaitUp(t, "ip", "addr show dev box")
	awaitUp(t, "nsenter", fmt.Sprintf("-n -t %d ip addr show dev wall", pid))
	begin()
	l.awaitFound(t, found)
	l.awaitRequest(t, node)

	ip(t, "link del box")
	for len(found) > 0 {
		<-found
	}
	close(searching)
	l.join(t)
	l.awaitFound(t, found)
}

// join gives the box an interface to the network.
func (l lan) join(t *testing.T) {
	ip(t, "link add box type bridge")
	ip(t, "link set wall master box")
	ip(t, "addr add %s dev box nodad", l.box)
	ip(t, "link set box up")
}

// awaitFound waits for the node of the other host.
func (l lan) awaitFound(t *testing.T, found <-chan wire.Node) {
	t.Helper()
	want := netip.AddrPortFrom(netip.MustParsePrefix(l.other).Addr(), realPort)
	select {
	case n := <-found:
		require.Equal(t, want, n.Addr)
		require.False(t, n.ID.IsZero())
	case <-time.After(patience):
		require.FailNow(t, "the beacon does not find dhtnode")
	}
}

// awaitRequest waits until the other host's node turns to the box's.
func (l lan) awaitRequest(t *testing.T, node *net.UDPConn) {
	t.Helper()
	require.NoError(t, node.SetReadDeadline(time.Now().Add(patience)))
	buf := make([]byte, wire.MaxDatagram)
	n, from, err := node.ReadFromUDPAddrPort(buf)
	require.NoError(t, err, "dhtnode does not find the beacon")
	require.Equal(t, netip.MustParsePrefix(l.other).Addr(), from.Addr().Unmap())
	var m wire.Message
	require.NoError(t, m.Decode(buf[:n]))
	require.True(t, m.Kind.IsRequest())
}

// startRealNode makes a namespace in which dhtnode begins when it is told to,
// and ends with the test.
func startRealNode(t *testing.T) (begin func(), pid int) {
	node := exec.Command("sh", "-c", "read go && exec dhtnode -s -D -p "+strconv.Itoa(realPort))
	node.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	input, err := node.StdinPipe()
	require.NoError(t, err)
	runtime.LockOSThread() // the signal comes at the end of the thread
	require.NoError(t, node.Start())
	t.Cleanup(func() {
		require.NoError(t, node.Process.Kill())
		_ = node.Wait() // killed
		runtime.UnlockOSThread()
	})
	return func() {
		_, err := io.WriteString(input, "go\n")
		require.NoError(t, err)
	}, node.Process.Pid
}

func ip(t *testing.T, format string, args ...any) {
	t.Helper()
	run(t, "ip", fmt.Sprintf(format, args...))
}

// there runs ip in the namespace of a process.
func there(t *testing.T, pid int, line string) {
	t.Helper()
	run(t, "nsenter", fmt.Sprintf("-n -t %d ip %s", pid, line))
}

func run(t *testing.T, program, line string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program, strings.Fields(line)...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", program, line, output)
	return string(output)
}

// awaitUp waits until the interface carries data and its addresses can be used.
func awaitUp(t *testing.T, program, line string) {
	t.Helper()
	require.Eventually(t, func() bool {
		shown := run(t, program, line)
		return strings.Contains(shown, "state UP") && !strings.Contains(shown, "tentative")
	}, patience, 50*time.Millisecond)
}
