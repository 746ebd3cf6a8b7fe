// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// transport is what a client speaks to the relay. Values can be combined.
type transport uint8

const (
	udp transport = 1 << iota
	tcp
	secure // TLS
)

func (t transport) String() string {
	return map[transport]string{udp: "udp", tcp: "tcp", secure: "tls"}[t]
}

// variant is a set-up of a relay.
type variant int

const (
	// usual serves both families, allows each user userQuota allocations and
	// denies deniedNetwork.
	usual variant = iota
	// narrow has a single relayed port.
	narrow
	// onlyIPv4 has no IPv6 address.
	onlyIPv4
)

const (
	realm = "conformance.test"
	// userQuota is how many allocations a user may have.
	userQuota = 12
)

// relay is a running relay under test.
type relay struct {
	name    string
	ip4     map[transport]uint16 // ports at server4
	ip6     map[transport]uint16 // ports at server6
	account func(user int) (username, password string)
	clients *atomic.Uint32
}

// addr returns where the relay is served; at is server4 or server6.
func (r relay) addr(over transport, at string) netip.AddrPort {
	ports := r.ip4
	if at == server6 {
		ports = r.ip6
	}
	return netip.AddrPortFrom(netip.MustParseAddr(at), ports[over])
}

// client connects a new client, which is a user of its own at an address of
// its own.
func (r relay) client(t *testing.T, over transport, at string) *client {
	t.Helper()
	number := r.clients.Add(1)
	source := netip.MustParseAddr(server6)
	if at == server4 {
		first := netip.MustParsePrefix(clientNetwork).Addr().As4()
		source = netip.AddrFrom4([4]byte{first[0], first[1], byte(number >> 8), byte(number)})
	}
	username, password := r.account(int(number))
	c := &client{
		t: t, relay: r, over: over, at: at, source: source,
		username: username, password: password,
	}
	c.conn = c.dial()
	return c
}

// dial connects from the client's address to the relay.
func (c *client) dial() net.Conn {
	c.t.Helper()
	local := netip.AddrPortFrom(c.source, 0)
	dialer := net.Dialer{Timeout: patience, LocalAddr: net.TCPAddrFromAddrPort(local)}
	network := "tcp"
	if c.over == udp {
		network, dialer.LocalAddr = "udp", net.UDPAddrFromAddrPort(local)
	}
	conn, err := dialer.Dial(network, c.relay.addr(c.over, c.at).String())
	require.NoError(c.t, err, "connecting to %s over %s", c.relay.name, c.over)
	c.t.Cleanup(func() { _ = conn.Close() })
	if c.over != secure {
		return conn
	}
	require.NoError(c.t, conn.SetDeadline(time.Now().Add(patience)))
	secured := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	require.NoError(c.t, secured.Handshake())
	require.NoError(c.t, conn.SetDeadline(time.Time{}))
	return secured
}

// twin is another user at another address of the same relay.
func (c *client) twin() *client { return c.relay.client(c.t, c.over, c.at) }

// again is another connection of the same user.
func (c *client) again() *client {
	next := *c
	next.conn, next.inbox, next.nonce, next.realm = c.dial(), nil, "", ""
	return &next
}

func userName(user int) string { return fmt.Sprintf("user-%d", user) }
