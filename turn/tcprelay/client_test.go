// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
)

// client speaks by hand-made messages.
type client struct {
	box      *box
	conn     net.Conn
	username string
	key      []byte
	nonce    string
	attempts []*stun.Message // indications read while waiting for answers
}

// newClient connects and learns a nonce.
func newClient(t testing.TB, b *box, username string) *client {
	t.Helper()
	c := &client{box: b, conn: b.dial(t), username: username, key: keyOf(username, "secret of "+username)}
	answer := c.exchange(t, plain(stun.MethodAllocate))
	requireCode(t, stun.CodeUnauthorized, answer)
	nonce, err := answer.Get(stun.AttrNonce)
	require.NoError(t, err)
	c.nonce = string(nonce)
	return c
}

// plain builds a request without credentials.
func plain(method stun.Method, attrs ...stun.Setter) *stun.Message {
	return stun.MustBuild(append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attrs...)...)
}

// sign builds a request of the client.
func (c *client) sign(method stun.Method, attrs ...stun.Setter) *stun.Message {
	return plain(method, append(attrs,
		stun.NewUsername(c.username), stun.NewRealm(testRealm), stun.NewNonce(c.nonce), stun.MessageIntegrity(c.key))...)
}

func (c *client) send(t testing.TB, m *stun.Message) {
	t.Helper()
	_, err := c.conn.Write(m.Raw)
	require.NoError(t, err)
}

// receive returns the next message.
func (c *client) receive(t testing.TB) *stun.Message {
	t.Helper()
	m, err := read(c.conn, patience)
	require.NoError(t, err)
	return m
}

// exchange sends a request and returns its answer.
func (c *client) exchange(t testing.TB, m *stun.Message) *stun.Message {
	t.Helper()
	c.send(t, m)
	return c.answer(t, m)
}

// answer waits for the answer to a request.
func (c *client) answer(t testing.TB, m *stun.Message) *stun.Message {
	t.Helper()
	for {
		answer := c.receive(t)
		if answer.TransactionID == m.TransactionID {
			require.Equal(t, m.Type.Method, answer.Type.Method)
			return answer
		}
		// What else comes is an attempt, or the late answer to a Connect.
		if answer.Type.Class == stun.ClassIndication {
			c.attempts = append(c.attempts, answer)
		}
	}
}

// do sends a signed request and returns its answer.
func (c *client) do(t testing.TB, method stun.Method, attrs ...stun.Setter) *stun.Message {
	t.Helper()
	return c.exchange(t, c.sign(method, attrs...))
}

func transport(proto byte) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{proto, 0, 0, 0}}
}

func family(f byte) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrRequestedAddressFamily, Value: []byte{f, 0, 0, 0}}
}

func seconds(n int) stun.Setter { return message.LifetimeOf(time.Duration(n) * time.Second) }

// allocate returns the relayed address.
func (c *client) allocate(t testing.TB, attrs ...stun.Setter) netip.AddrPort {
	t.Helper()
	answer := c.do(t, stun.MethodAllocate, append(attrs, transport(protoTCP))...)
	requireSuccess(t, c, answer)
	return relayedAddress(t, answer)
}

func relayedAddress(t testing.TB, m *stun.Message) netip.AddrPort {
	t.Helper()
	var relayed stun.XORMappedAddress
	require.NoError(t, relayed.GetFromAs(m, stun.AttrXORRelayedAddress))
	addr, ok := netip.AddrFromSlice(relayed.IP)
	require.True(t, ok)
	return netip.AddrPortFrom(addr.Unmap(), uint16(relayed.Port))
}

func (c *client) permit(t testing.TB, peers ...netip.Addr) {
	t.Helper()
	var attrs []stun.Setter
	for _, p := range peers {
		attrs = append(attrs, message.PeerAddress(netip.AddrPortFrom(p, 0)))
	}
	requireSuccess(t, c, c.do(t, stun.MethodCreatePermission, attrs...))
}

// attempt waits for a ConnectionAttempt and returns what it tells.
func (c *client) attempt(t testing.TB) (id uint32, peer netip.AddrPort) {
	t.Helper()
	var m *stun.Message
	if len(c.attempts) > 0 {
		m, c.attempts = c.attempts[0], c.attempts[1:]
	} else {
		m = c.receive(t)
	}
	require.Equal(t, stun.NewType(stun.MethodConnectionAttempt, stun.ClassIndication), m.Type)
	require.False(t, m.Contains(stun.AttrMessageIntegrity))
	id, ok := message.ConnectionID(m)
	require.True(t, ok)
	require.NotZero(t, id)
	peers, err := message.Peers(m)
	require.NoError(t, err)
	require.Len(t, peers, 1)
	return id, peers[0]
}

// bind opens a data connection for a pending one.
func (c *client) bind(t testing.TB, id uint32) net.Conn {
	t.Helper()
	data := c.data(t)
	requireSuccess(t, c, data.do(t, stun.MethodConnectionBind, message.ConnectionIDOf(id)))
	require.NoError(t, data.conn.SetDeadline(time.Time{}))
	return data.conn
}

// data returns the client with a further connection, and what it learnt on the
// first.
func (c *client) data(t testing.TB) *client {
	t.Helper()
	further := *c
	further.conn = c.box.dial(t)
	return &further
}

// dialPeer connects a peer to a relayed address.
func dialPeer(t testing.TB, relayed netip.AddrPort) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", relayed.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// accepted returns a client with an allocation and both ends of a connection
// that a peer dialled.
func accepted(t testing.TB, b *box) (c *client, data net.Conn, peer *net.TCPConn) {
	t.Helper()
	c = newClient(t, b, "alice")
	relayed := c.allocate(t)
	c.permit(t, loopback)
	peer = dialPeer(t, relayed)
	id, _ := c.attempt(t)
	return c, c.bind(t, id), peer
}

func requireSuccess(t testing.TB, c *client, m *stun.Message) {
	t.Helper()
	require.Equal(t, stun.ClassSuccessResponse, m.Type.Class, "%v", m)
	require.True(t, message.Signed(m, c.key), "the answer must be signed")
}

func requireCode(t testing.TB, code stun.ErrorCode, m *stun.Message) {
	t.Helper()
	require.Equal(t, stun.ClassErrorResponse, m.Type.Class, "%v", m)
	var got stun.ErrorCodeAttribute
	require.NoError(t, got.GetFrom(m))
	require.Equal(t, int(code), int(got.Code))
}

// requireEcho checks that bytes go through both ways.
func requireEcho(t testing.TB, a, b net.Conn) {
	t.Helper()
	for _, ends := range [][2]net.Conn{{a, b}, {b, a}} {
		_, err := ends[0].Write([]byte("hello"))
		require.NoError(t, err)
		require.NoError(t, ends[1].SetReadDeadline(time.Now().Add(patience)))
		got := make([]byte, 5)
		_, err = io.ReadFull(ends[1], got)
		require.NoError(t, err)
		require.Equal(t, "hello", string(got))
	}
}
