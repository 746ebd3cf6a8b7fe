// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"crypto/rand"
	"crypto/rsa"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// inNamespace names the variable that tells a test that it has a network namespace
// of its own.
const inNamespace = "JAMIBOX_TEST_NAMESPACE"

// ownNamespace runs the test once more, alone and in a network namespace with
// nothing but a loopback interface, and reports whether this is that run.
func ownNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inNamespace) != "" {
		ip(t, "link set lo up")
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("this test needs root for its network namespace")
	}
	for _, program := range []string{"ip", "unshare"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("this test needs the packages iproute2 and util-linux: %v", err)
		}
	}
	again := exec.Command("unshare", "--net", os.Args[0], "-test.v", "-test.timeout=2m", "-test.run=^"+t.Name()+"$")
	again.Env = append(os.Environ(), inNamespace+"=1")
	output, err := again.CombinedOutput()
	require.NoError(t, err, "in its namespace: %s", output)
	return false
}

// ip runs the program of that name.
func ip(t *testing.T, arguments string) {
	t.Helper()
	output, err := exec.Command("ip", strings.Fields(arguments)...).CombinedOutput()
	require.NoError(t, err, "ip %s: %s", arguments, output)
}

// TestAnswersFromTheAddressThatWasAsked has peers of a host with several addresses
// that hear nothing from another one than they asked, as behind a firewall.
func TestAnswersFromTheAddressThatWasAsked(t *testing.T) {
	if !ownNamespace(t) {
		return
	}
	hasIPv6 := hostHasIPv6()
	add := func(host string) {
		ip(t, "address add 10.78.0."+host+"/32 dev lo")
		if hasIPv6 {
			ip(t, "address add fd78::"+host+"/128 dev lo nodad")
		}
	}
	add("1")
	cfg := testConfig()
	cfg.IPv4, cfg.IPv6 = netip.MustParseAddrPort("0.0.0.0:0"), netip.MustParseAddrPort("[::]:0")
	n := run(t, cfg)
	port := map[bool]uint16{true: n.v4.Port(), false: n.v6.Port()}

	// The second addresses come while the node runs.
	add("2")
	for name, c := range map[string]struct{ peer, asked string }{
		"ipv4, first":  {"10.78.0.2", "10.78.0.1"},
		"ipv4, second": {"10.78.0.1", "10.78.0.2"},
		"ipv6, first":  {"fd78::2", "fd78::1"},
		"ipv6, second": {"fd78::1", "fd78::2"},
	} {
		t.Run(name, func(t *testing.T) {
			local, asked := netip.MustParseAddr(c.peer), netip.MustParseAddr(c.asked)
			if asked.Is6() && !hasIPv6 {
				t.Skip("this host has no ipv6")
			}
			node := netip.AddrPortFrom(asked, port[asked.Is4()])
			awaitAnswer(t, local, node)
			checkSource(t, n, newPeer(t, node, away(local), faithful))
		})
	}

	// An address that is ours no more is not insisted on.
	moved := newPeer(t, netip.AddrPortFrom(netip.MustParseAddr("10.78.0.2"), n.v4.Port()), away(netip.MustParseAddr("10.78.0.1")))
	require.Equal(t, wire.KindReply, moved.put(randomID(), value(1, 10)).Kind)
	ip(t, "address del 10.78.0.2/32 dev lo")
	_, err := n.Ping(t.Context(), moved.addr)
	require.NoError(t, err)
	require.Zero(t, n.Stats().Unsent)
}

// awaitAnswer waits until the node has seen that it has several addresses.
func awaitAnswer(t *testing.T, local netip.Addr, node netip.AddrPort) {
	t.Helper()
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)), net.UDPAddrFromAddrPort(node))
	require.NoError(t, err)
	defer conn.Close()
	b := make([]byte, wire.MaxDatagram)
	require.Eventually(t, func() bool {
		if _, err := conn.Write(wire.AppendPing(nil, wire.Header{Transaction: 1, Sender: randomID(), Client: true})); err != nil {
			return false
		}
		if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			return false
		}
		_, err := conn.Read(b)
		return err == nil
	}, patience, 10*time.Millisecond)
}

// checkSource has the node send a faithful peer messages of all kinds.
func checkSource(t *testing.T, n *running, p *peer) {
	t.Helper()
	p.send(wire.AppendPing(nil, p.header()))
	p.awaitKind(wire.KindPing)

	owner, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	key, values := randomID(), [][]byte{signed(t, owner, 1, 1, "checked out of turn"), value(2, 50_000)}
	for _, packed := range values {
		require.Equal(t, wire.KindReply, p.put(key, packed).Kind)
	}
	require.Equal(t, values, p.get(key))
	require.Equal(t, wire.KindError, p.ask(wire.AppendGet(nil, p.header(), wire.ID{}, &wire.Query{})).Kind)

	listened := randomID()
	require.Equal(t, wire.KindReply, p.listens(listened, 7, &wire.Query{}).Kind)
	loopback := map[bool]netip.AddrPort{
		true:  netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), n.v4.Port()),
		false: netip.AddrPortFrom(netip.IPv6Loopback(), n.v6.Port()),
	}
	pushed := value(1, 50_000)
	newPeer(t, loopback[p.addr.Addr().Is4()], faithful).put(listened, pushed)
	require.Equal(t, [][]byte{pushed}, p.values(p.awaitKind(wire.KindUpdate)))

	id, err := n.Ping(t.Context(), p.addr)
	require.NoError(t, err)
	require.Equal(t, p.id, id)
}
