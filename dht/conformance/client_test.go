// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/wire"
)

// patience bounds the wait for what has to come.
const patience = 5 * time.Second

// fields is a MessagePack map as the tests write it.
type fields = map[string]any

// client is a peer of the node, at one address and port. It answers the pushes
// that it gets, and nothing else unless it is told to. It is not safe for
// concurrent use.
type client struct {
	t        *testing.T
	node     *target
	conn     *net.UDPConn
	source   netip.Addr
	id       wire.ID
	patience time.Duration
	last     uint32 // transaction id
	inbox    []answer
	buf      []byte
	// isNode makes it one that stores for others and answers what it is asked;
	// else it says that it does not, so that the puts of other tests are not for
	// it. isDeaf answers nothing, not even pushes.
	isNode, isDeaf bool
}

// client returns a peer with an address of its own.
func (n *target) client(t *testing.T) *client {
	t.Helper()
	return n.clientAt(t, n.site.source())
}

func (n *target) clientAt(t *testing.T, source netip.Addr) *client {
	t.Helper()
	to := netip.MustParseAddr("127.0.0.1")
	if source.Is6() {
		to = source
	}
	conn := n.site.dial(t, source, netip.AddrPortFrom(to, n.port))
	c := &client{t: t, node: n, conn: conn, source: source, patience: patience, id: randomID(),
		buf: make([]byte, wire.MaxDatagram)}
	// dhtnode mixes up messages in parts of the same transaction.
	c.last = binary.BigEndian.Uint32(c.id[:]) >> 1
	return c
}

// another returns a peer at another address, again one at another port of the
// same.
func (c *client) another() *client { return c.node.client(c.t) }
func (c *client) again() *client   { return c.node.clientAt(c.t, c.source) }

func (c *client) ipv6() *client {
	c.t.Helper()
	if !hasIPv6() {
		c.t.Skip("this host has no IPv6")
	}
	return c.node.clientAt(c.t, netip.IPv6Loopback())
}

// pack writes maps, arrays and plain values.
func pack(v any) []byte {
	b, err := msgp.AppendIntf(nil, v)
	if err != nil {
		panic(err) // a mistake in the test
	}
	return b
}

// message is a request as real peers send it, to be changed before it is
// packed.
func (c *client) message(method string, arguments fields) fields {
	c.last++
	all := fields{"id": c.id[:]}
	maps.Copy(all, arguments)
	return c.mark(fields{"y": "q", "q": method, "t": c.last, "a": all})
}

func (c *client) mark(message fields) fields {
	if !c.isNode {
		message["s"] = true
	}
	return message
}

func (c *client) request(method string, arguments fields) []byte {
	return pack(c.message(method, arguments))
}

func (c *client) send(datagrams ...[]byte) {
	c.t.Helper()
	for _, datagram := range datagrams {
		// Refused means that the node ended, which shows as silence.
		if _, err := c.conn.Write(datagram); !errors.Is(err, syscall.ECONNREFUSED) {
			require.NoError(c.t, err)
		}
	}
}

// ask returns the answer to a request.
func (c *client) ask(method string, arguments fields) answer {
	c.t.Helper()
	c.send(c.request(method, arguments))
	return c.await(c.answers(c.last))
}

// after sends datagrams, the first of them with the present transaction id, and
// returns the answer that comes to them before the node answers what is sent
// last.
func (c *client) after(datagrams ...[]byte) answer {
	c.t.Helper()
	wanted := c.answers(c.last)
	c.send(datagrams...)
	c.send(c.request("ping", nil))
	sequel := c.answers(c.last)
	if a := c.await(func(a answer) bool { return wanted(a) || sequel(a) }); !a.silent() && !sequel(a) {
		return a
	}
	return answer{}
}

// answers returns what finds the answer to a request.
func (c *client) answers(transaction uint32) func(answer) bool {
	return func(a answer) bool {
		return a.Transaction == transaction && (a.Kind == wire.KindReply || a.Kind == wire.KindError)
	}
}

// await returns the first message that is wanted, or an answer without one
// after a while; others stay for later.
func (c *client) await(wanted func(answer) bool) answer {
	c.t.Helper()
	if i := slices.IndexFunc(c.inbox, wanted); i >= 0 {
		found := c.inbox[i]
		c.inbox = slices.Delete(c.inbox, i, i+1)
		return found
	}
	require.NoError(c.t, c.conn.SetReadDeadline(time.Now().Add(c.patience)))
	for {
		a, err := c.receive()
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ECONNREFUSED) {
			return answer{}
		}
		require.NoError(c.t, err)
		if wanted(a) {
			return a
		}
		c.inbox = append(c.inbox, a)
	}
}

// receive returns the next message, and answers it if that is the client's way.
func (c *client) receive() (answer, error) {
	n, err := c.conn.Read(c.buf)
	if err != nil {
		return answer{}, err
	}
	a := answer{raw: bytes.Clone(c.buf[:n])}
	require.NoError(c.t, a.Decode(a.raw), "the node sent %q", a.raw)
	if !c.isDeaf && (a.Kind == wire.KindUpdate || a.Kind.IsRequest() && c.isNode) {
		c.send(c.reply(a))
	}
	return a, nil
}

// reply answers a request of the node, as a node that knows nobody.
func (c *client) reply(to answer) []byte {
	body := fields{"id": c.id[:], "sa": netip.MustParseAddr("127.0.0.1").AsSlice()}
	if to.Kind == wire.KindFind || to.Kind == wire.KindGet {
		body["token"] = make([]byte, wire.TokenSize)
	}
	return pack(c.mark(fields{"y": "r", "t": to.Transaction, "r": body}))
}

// token returns what the node gives for a put or listen.
func (c *client) token() []byte {
	c.t.Helper()
	target := randomID()
	a := c.ask("find", fields{"target": target[:]})
	require.False(c.t, a.silent(), "no answer to find")
	return a.Token
}

func randomID() (id wire.ID) {
	rand.Read(id[:])
	return id
}
