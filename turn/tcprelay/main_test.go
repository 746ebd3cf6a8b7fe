// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"crypto/tls"
	"errors"
	"io"
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
	patience  = 10 * time.Second
)

var loopback = netip.MustParseAddr("127.0.0.1")

// users are those of the tests: alice and bob, whose keys can be changed.
type users struct {
	mu      sync.Mutex
	keys    map[string][][]byte // guarded by mu
	refused map[string]bool     // guarded by mu
}

func keyOf(user, password string) []byte {
	return stun.NewLongTermIntegrity(user, testRealm, password)
}

func newUsers() *users {
	return &users{
		keys: map[string][][]byte{
			"alice": {keyOf("alice", "secret of alice")},
			"bob":   {keyOf("bob", "secret of bob")},
		},
		refused: make(map[string]bool),
	}
}

func (u *users) Keys(username string, _ netip.Addr) [][]byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.keys[username]
}

func (u *users) Refused(username string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.refused[username]
}

func (u *users) rotate(username string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.keys[username] = [][]byte{keyOf(username, "rotated")}
}

// served are the addresses that tests relay from.
type served map[message.Family]*port.Pool

func (s served) Relayed(family message.Family, _ netip.Addr) (relayed, bind netip.Addr, ports *port.Pool, ok bool) {
	addr := loopback
	if family == message.IPv6 {
		addr = netip.IPv6Loopback()
	}
	ports, ok = s[family]
	return addr, addr, ports, ok
}

// box is a relay with a listener for its clients.
type box struct {
	*Relay
	users    *users
	pool     *port.Pool
	listener net.Listener
	over     ledger.Transport
	serving  sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{} // guarded by mu
	closed bool                  // guarded by mu
}

// setup changes a box before it serves.
type setup func(*box)

func limited(limits ledger.Limits) setup {
	return func(b *box) { b.Ledger = ledger.New(limits, time.Now) }
}

func newBox(t testing.TB, setups ...setup) *box {
	t.Helper()
	// Below the ports that the kernel gives to the clients of the tests.
	ports, err := port.ParseRange("10000-32000")
	require.NoError(t, err)
	b := &box{users: newUsers(), pool: port.NewPool(ports), over: ledger.OverTCP, conns: make(map[net.Conn]struct{})}
	b.Relay = New(Config{
		Auth:      auth.New(testRealm, b.users, func(code stun.ErrorCode) { b.Ledger.Answered(int(code)) }),
		Ledger:    ledger.New(ledger.Limits{}, time.Now),
		Peers:     peer.New(peer.Rules{AllowLoopback: true}, ports),
		Addresses: served{message.IPv4: b.pool},
		Logger:    slog.New(slog.DiscardHandler),
	})
	b.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	for _, change := range setups {
		change(b)
	}
	b.serving.Go(b.accept)
	t.Cleanup(func() { b.stop(t) })
	return b
}

func (b *box) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.mu.Lock()
		if b.closed {
			_ = conn.Close()
		} else {
			b.conns[conn] = struct{}{}
			b.serving.Go(func() { b.serve(conn) })
		}
		b.mu.Unlock()
	}
}

func (b *box) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		b.mu.Lock()
		delete(b.conns, conn)
		b.mu.Unlock()
	}()
	s := &testStream{Conn: conn, over: b.over}
	first := make([]byte, message.MaxFrame)
	n, err := s.Next(first)
	if err != nil {
		return
	}
	m, err := message.Decode(first[:n])
	if err == nil && m.Type.Method == stun.MethodConnectionBind {
		_ = b.Bind(conn, m, s.Client())
		return
	}
	s.first = first[:n]
	_ = b.ServeControl(s)
}

// stop ends all clients and checks that nothing is left.
func (b *box) stop(t testing.TB) {
	_ = b.listener.Close()
	b.mu.Lock()
	b.closed = true
	for conn := range b.conns {
		hangUp(conn)
	}
	b.mu.Unlock()
	b.serving.Wait()
	require.Zero(t, b.Ledger.Len(), "allocations are left")
	require.Zero(t, b.pool.Len(), "ports are left")
	require.Zero(t, b.pending.len(), "connection ids are left")
}

// testStream is a control connection.
type testStream struct {
	net.Conn
	over  ledger.Transport
	first []byte // read already; nil once it is handed on
}

func (s *testStream) Next(p []byte) (int, error) {
	if s.first != nil {
		n := copy(p, s.first)
		s.first = nil
		return n, nil
	}
	if _, err := io.ReadFull(s.Conn, p[:4]); err != nil {
		return 0, err
	}
	size, err := message.FrameSize([4]byte(p))
	if err != nil {
		return 0, err
	}
	_, err = io.ReadFull(s.Conn, p[4:size])
	return size, err
}

func (s *testStream) Client() netip.AddrPort {
	return s.RemoteAddr().(*net.TCPAddr).AddrPort()
}

func (s *testStream) Server() netip.AddrPort {
	return s.LocalAddr().(*net.TCPAddr).AddrPort()
}

func (s *testStream) Over() ledger.Transport { return s.over }

func (s *testStream) Close() error {
	if err := s.Conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// type checks
var (
	_ Stream    = (*testStream)(nil)
	_ auth.Keys = (*users)(nil)
	_ Addresses = served(nil)
)

// dial opens a client's connection to the box.
func (b *box) dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", b.listener.Addr().String())
	require.NoError(t, err)
	if b.over == ledger.OverTLS {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
