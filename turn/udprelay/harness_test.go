// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/turn/auth"
	"jamibox/turn/ledger"
	"jamibox/turn/message"
	"jamibox/turn/peer"
	"jamibox/turn/port"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testRealm = "jamibox.test"
	testPorts = "50000-59999"
	patience  = 5 * time.Second
)

var (
	loopback4 = netip.MustParseAddr("127.0.0.1")
	loopback6 = netip.MustParseAddr("::1")
)

// users knows alice and bob, whose passwords are their names with "-secret".
type users struct {
	mu      sync.Mutex
	refused map[string]bool // guarded by mu
	rotated bool            // whether the passwords are other ones by now; guarded by mu
}

func keyOf(username string) []byte {
	return stun.NewLongTermIntegrity(username, testRealm, username+"-secret")
}

func (u *users) Keys(username string, _ netip.Addr) [][]byte {
	if u.Refused(username) || username != "alice" && username != "bob" {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.rotated {
		return [][]byte{[]byte("another")}
	}
	return [][]byte{keyOf(username)}
}

func (u *users) rotate() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rotated = true
}

func (u *users) Refused(username string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.refused[username]
}

func (u *users) refuse(username string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.refused[username] = true
}

// rig is a relay that relays on the loopback addresses.
type rig struct {
	t    testing.TB // lives as long as the relay
	auth *auth.Authenticator
	*Relay
	users  *users
	ledger *ledger.Ledger
	pools  map[message.Family]*port.Pool
	socket *net.UDPConn
}

// settings are what a test may change before the relay starts.
type settings struct {
	limits    ledger.Limits
	rules     peer.Rules
	lifetimes Lifetimes
	ports     string
	noIPv6    bool
	auth      auth.Limits
	logger    *slog.Logger
}

func newRig(t testing.TB, change func(*settings)) *rig {
	t.Helper()
	s := settings{rules: peer.Rules{AllowLoopback: true}, ports: testPorts, auth: auth.Limits{Sources: 16},
		logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&s)
	}
	ports, err := port.ParseRange(s.ports)
	require.NoError(t, err)
	r := &rig{
		t:      t,
		users:  &users{refused: make(map[string]bool)},
		ledger: ledger.New(s.limits, time.Now),
		pools:  map[message.Family]*port.Pool{message.IPv4: port.NewPool(ports)},
	}
	if !s.noIPv6 {
		r.pools[message.IPv6] = port.NewPool(ports)
	}
	r.auth = auth.New(testRealm, r.users, func(code stun.ErrorCode) { r.ledger.Answered(int(code)) })
	r.auth.Limit(s.auth)
	r.Relay = New(Config{
		Auth:      r.auth,
		Ledger:    r.ledger,
		Peers:     peer.New(s.rules, ports),
		Addresses: r,
		Lifetimes: s.lifetimes,
		Logger:    s.logger,
	})
	return r
}

func (r *rig) Relayed(family message.Family, _ netip.Addr) (relayed, bind netip.Addr, ports *port.Pool, ok bool) {
	addr := loopback4
	if family == message.IPv6 {
		addr = loopback6
	}
	return addr, addr, r.pools[family], r.pools[family] != nil
}

// portsTaken returns how many relayed ports are in use.
func (r *rig) portsTaken() int {
	n := 0
	for _, pool := range r.pools {
		n += pool.Len()
	}
	return n
}

// serve starts serving a UDP socket and returns what stops it, which is also
// done at the end of the test.
func (r *rig) serve(t testing.TB) (stop func()) {
	t.Helper()
	socket, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback4, 0)))
	require.NoError(t, err)
	require.NoError(t, socket.SetReadBuffer(1<<20))
	r.socket = socket
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.ServeSocket(ctx, socket) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(patience):
			require.Fail(t, "ServeSocket does not return")
		}
		require.NoError(t, socket.Close())
		require.Zero(t, r.ledger.Len())
		require.Zero(t, r.portsTaken())
	})
	t.Cleanup(stop)
	return stop
}

func startRig(t testing.TB, change func(*settings)) *rig {
	t.Helper()
	r := newRig(t, change)
	r.serve(t)
	return r
}

// client speaks to a relay in single messages.
type client struct {
	t        testing.TB
	conn     net.Conn
	next     func() []byte // the next message, within patience
	username string
	key      []byte
	nonce    stun.Nonce
	// sendFuzzed sends what may be no message, in fuzz tests.
	sendFuzzed func(msg []byte)
}

// dial returns a client over UDP.
func (r *rig) dial(t testing.TB, username string) *client {
	t.Helper()
	return dialAt(t, r.t, r.socket.LocalAddr().String(), username)
}

// dialAt returns a client of test t. It keeps its port as long as the relay
// lives: the next client that got it would find this one's allocation.
func dialAt(t, relay testing.TB, server, username string) *client {
	t.Helper()
	conn, err := net.Dial("udp4", server)
	require.NoError(t, err)
	require.NoError(t, conn.(*net.UDPConn).SetReadBuffer(1<<20))
	relay.Cleanup(func() { _ = conn.Close() })
	buffer := make([]byte, 64<<10)
	next := func() []byte {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		n, err := conn.Read(buffer)
		require.NoError(t, err)
		return buffer[:n]
	}
	return &client{t: t, conn: conn, next: next, username: username, key: keyOf(username)}
}

func (c *client) addr() netip.AddrPort { return netip.MustParseAddrPort(c.conn.LocalAddr().String()) }

// build makes a signed request.
func (c *client) build(method stun.Method, attrs ...stun.Setter) *stun.Message {
	c.t.Helper()
	setters := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attrs...)
	if c.nonce == nil {
		c.challenge()
	}
	m, err := stun.Build(append(setters,
		stun.NewUsername(c.username), stun.NewRealm(testRealm), c.nonce, stun.MessageIntegrity(c.key))...)
	require.NoError(c.t, err)
	return m
}

// challenge fetches a nonce.
func (c *client) challenge() {
	c.t.Helper()
	answer := c.exchange(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest)))
	require.Equal(c.t, 401, codeIn(answer))
	require.NoError(c.t, c.nonce.GetFrom(answer))
}

func (c *client) send(m []byte) {
	c.t.Helper()
	_, err := c.conn.Write(m)
	require.NoError(c.t, err)
}

// exchange sends a request and returns its answer, passing over data.
func (c *client) exchange(m *stun.Message) *stun.Message {
	c.t.Helper()
	c.send(m.Raw)
	for {
		raw := c.next()
		if isChannelData(raw) {
			continue
		}
		answer, err := message.Decode(raw)
		require.NoError(c.t, err)
		if answer.TransactionID == m.TransactionID {
			return answer
		}
	}
}

// ask returns the answer to a signed request, which must be signed as well.
func (c *client) ask(method stun.Method, attrs ...stun.Setter) *stun.Message {
	c.t.Helper()
	answer := c.exchange(c.build(method, attrs...))
	require.True(c.t, message.Signed(answer, c.key), "the answer %s is not signed", answer)
	require.Equal(c.t, method, answer.Type.Method)
	return answer
}

// require sends a request that must succeed.
func (c *client) require(method stun.Method, attrs ...stun.Setter) *stun.Message {
	c.t.Helper()
	answer := c.ask(method, attrs...)
	require.Zero(c.t, codeIn(answer))
	return answer
}

// allocate returns the relayed address.
func (c *client) allocate(attrs ...stun.Setter) netip.AddrPort {
	c.t.Helper()
	answer := c.require(stun.MethodAllocate, append([]stun.Setter{transport(protocolUDP)}, attrs...)...)
	var relayed stun.XORMappedAddress
	require.NoError(c.t, relayed.GetFromAs(answer, stun.AttrXORRelayedAddress))
	addr, ok := netip.AddrFromSlice(relayed.IP)
	require.True(c.t, ok)
	return netip.AddrPortFrom(addr.Unmap(), uint16(relayed.Port))
}

// codeIn returns the code of an error response, or 0 for a success.
func codeIn(answer *stun.Message) int {
	if answer.Type.Class == stun.ClassSuccessResponse {
		return 0
	}
	return int(codeOf(answer.Raw))
}

func transport(protocol byte) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{protocol, 0, 0, 0}}
}

func family(f byte) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrRequestedAddressFamily, Value: []byte{f, 0, 0, 0}}
}

func channel(number uint16) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrChannelNumber, Value: []byte{byte(number >> 8), byte(number), 0, 0}}
}

func peerAt(addr string) stun.Setter { return message.PeerAddress(netip.MustParseAddrPort(addr)) }

func raw(attr stun.AttrType, value ...byte) stun.Setter {
	return stun.RawAttribute{Type: attr, Value: value}
}
