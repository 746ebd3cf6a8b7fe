// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

// client speaks STUN over one connection to the relay. It is not safe for
// concurrent use.
type client struct {
	t        *testing.T
	relay    relay
	over     transport
	at       string // the address of the relay
	source   netip.Addr
	conn     net.Conn
	username string
	password string
	realm    string // learnt from the relay, as the nonce
	nonce    string
	inbox    [][]byte // received, but not asked for yet
}

// request makes an unsigned request.
func request(method stun.Method, attributes ...stun.Setter) *stun.Message {
	return build(stun.MustBuild(stun.TransactionID, stun.NewType(method, stun.ClassRequest)), attributes...)
}

// key is that of the long-term credential (RFC 8489, section 9.2.2).
func (c *client) key() stun.MessageIntegrity {
	return stun.NewLongTermIntegrity(c.username, c.realm, c.password)
}

// credentials are the attributes that make an authenticated request.
func (c *client) credentials() []stun.Setter {
	return []stun.Setter{stun.NewUsername(c.username), stun.NewRealm(c.realm), stun.NewNonce(c.nonce), c.key()}
}

func (c *client) sign(m *stun.Message) *stun.Message { return build(m, c.credentials()...) }

// build adds attributes to a message.
func build(m *stun.Message, attributes ...stun.Setter) *stun.Message {
	for _, attribute := range attributes {
		if err := attribute.AddTo(m); err != nil {
			panic(err) // a mistake in the test
		}
	}
	return m
}

// do sends an authenticated request and returns the answer. The first one is
// sent without credentials before, to learn realm and nonce.
func (c *client) do(method stun.Method, attributes ...stun.Setter) answer {
	c.t.Helper()
	if c.nonce == "" {
		if challenge := c.challenge(method, attributes...); challenge.code() != stun.CodeUnauthorized {
			return challenge
		}
	}
	a := c.ask(c.sign(request(method, attributes...)))
	a.key = c.key()
	return a
}

// challenge sends a request without credentials and keeps realm and nonce of
// the answer.
func (c *client) challenge(method stun.Method, attributes ...stun.Setter) answer {
	c.t.Helper()
	a := c.ask(request(method, attributes...))
	if a.Message != nil {
		c.realm, c.nonce = a.text(stun.AttrRealm), a.text(stun.AttrNonce)
	}
	return a
}

// ask sends a request as it is and returns the answer to it.
func (c *client) ask(m *stun.Message) answer {
	c.t.Helper()
	if err := c.send(m.Raw); err != nil {
		return answer{err: err}
	}
	return c.await(func(m2 *stun.Message) bool {
		class := m2.Type.Class
		return m2.TransactionID == m.TransactionID && (class == stun.ClassSuccessResponse || class == stun.ClassErrorResponse)
	})
}

func (c *client) send(packet []byte) error {
	_, err := c.conn.Write(packet)
	return err
}

// await returns the first message that is wanted; others stay for later.
func (c *client) await(wanted func(*stun.Message) bool) answer {
	var found *stun.Message
	err := c.receive(func(packet []byte) bool {
		m := &stun.Message{Raw: packet}
		if !stun.IsMessage(packet) || m.Decode() != nil || !wanted(m) {
			return false
		}
		found = m
		return true
	})
	return answer{Message: found, err: err}
}

// receive reads packets until one is taken; others stay for later.
func (c *client) receive(take func(packet []byte) bool) error {
	if i := slices.IndexFunc(c.inbox, take); i >= 0 {
		c.inbox = slices.Delete(c.inbox, i, i+1)
		return nil
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for {
		packet, err := c.read()
		if err != nil || take(packet) {
			return err
		}
		c.inbox = append(c.inbox, packet)
	}
}

func (c *client) read() ([]byte, error) {
	if c.over != udp {
		return readFrame(c.conn)
	}
	packet := make([]byte, 2000)
	n, err := c.conn.Read(packet)
	return packet[:n], err
}

// readFrame reads one STUN or ChannelData message of a stream and not a byte
// more (RFC 8656, section 12.5).
func readFrame(conn io.Reader) ([]byte, error) {
	frame := make([]byte, 4, 2000)
	if _, err := io.ReadFull(conn, frame); err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(frame[2:]))
	switch frame[0] >> 6 {
	case 0:
		length += 16
	case 1:
		length = (length + 3) &^ 3
	default:
		return nil, fmt.Errorf("frame starts with %x", frame)
	}
	frame = slices.Grow(frame, length)[:4+length]
	_, err := io.ReadFull(conn, frame[4:])
	return frame, err
}

// allocate opens an allocation and returns its relayed address.
func (c *client) allocate(protocol byte, attributes ...stun.Setter) netip.AddrPort {
	c.t.Helper()
	a := c.do(stun.MethodAllocate, append([]stun.Setter{transportOf(protocol)}, attributes...)...)
	require.Equal(c.t, "success", a.String(), "allocating at %s over %s", c.relay.name, c.over)
	return a.address(stun.AttrXORRelayedAddress)
}

// permit asks for permissions for the addresses of peers.
func (c *client) permit(peers ...string) answer {
	c.t.Helper()
	var attributes []stun.Setter
	for _, peer := range peers {
		attributes = append(attributes, peerAddress(netip.AddrPortFrom(netip.MustParseAddr(peer), 0)))
	}
	return c.do(stun.MethodCreatePermission, attributes...)
}
