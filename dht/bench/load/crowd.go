// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package load

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"jamibox/dht/wire"
)

const (
	// peers is how many ask, each from an address of its own.
	peers = 16
	// nodes is how many others the node knows and lists: with one more, dhtnode
	// would leave some puts to them.
	nodes = 7
	// patience is how long an answer may take before it counts as lost.
	patience = time.Second
)

// errSilence tells that no answer came in time.
var errSilence = errors.New("the node does not answer")

// Crowd is a number of peers of one node. It is for one goroutine.
type Crowd struct {
	socket  *socket
	members []member
	last    uint32 // transaction of what is asked one by one
	node    wire.ID
}

type member struct {
	addr  netip.Addr
	id    wire.ID
	token []byte
}

// New makes peers that have a token, and nodes that the node lists. Close ends
// them.
func New(node netip.AddrPort) (*Crowd, error) {
	s, err := open(node)
	if err != nil {
		return nil, err
	}
	c := &Crowd{socket: s, members: make([]member, peers+nodes)}
	for i := range c.members {
		m := &c.members[i]
		m.addr = netip.AddrFrom4([4]byte{127, 2, 0, byte(i + 1)})
		m.id = randomID()
		if err := c.introduce(i); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return c, nil
}

// Close closes the socket.
func (c *Crowd) Close() error { return c.socket.close() }

func randomID() (id wire.ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// introduce gets a token for a member. A node also answers something, by which
// it becomes good: a push.
func (c *Crowd) introduce(i int) error {
	m := &c.members[i]
	found, err := c.ask(i, func(b []byte, h wire.Header) []byte { return wire.AppendFind(b, h, m.id) })
	if err != nil {
		return fmt.Errorf("getting a token: %w", err)
	}
	m.token, c.node = bytes.Clone(found.Token), found.Sender
	if i < peers {
		return nil
	}
	key := c.node
	copy(key[16:], m.id[:])
	if err := c.listen(i, key, 1); err != nil {
		return err
	}
	if err := c.put(i, key, packed(1, 16)); err != nil {
		return err
	}
	return c.awaitListed(m.id)
}

// awaitListed confirms what is pushed until the node lists a member.
func (c *Crowd) awaitListed(id wire.ID) error {
	for start := time.Now(); time.Since(start) < 5*patience; {
		found, err := c.ask(0, func(b []byte, h wire.Header) []byte { return wire.AppendFind(b, h, id) })
		if err != nil {
			return fmt.Errorf("looking for a node: %w", err)
		}
		for n := range found.Nodes.All() {
			if n.ID == id {
				return nil
			}
		}
	}
	return errors.New("the node does not list one that answered it")
}

func (c *Crowd) header(i int, transaction uint32) wire.Header {
	// Peers say that they store nothing, so that the node does not list them.
	return wire.Header{Transaction: transaction, Sender: c.members[i].id, Client: i < peers}
}

// ask returns the answer to a single request of a member.
func (c *Crowd) ask(i int, request func(b []byte, h wire.Header) []byte) (*wire.Message, error) {
	return c.insist(i, func(h wire.Header) error {
		return c.socket.queue(c.members[i].addr, request(c.socket.buffer(), h))
	})
}

// insist sends a request up to three times, as peers do: dhtnode drops what
// waited for it too long.
func (c *Crowd) insist(i int, send func(h wire.Header) error) (m *wire.Message, err error) {
	for range 3 {
		c.last++
		h := c.header(i, c.last)
		if err := send(h); err != nil {
			return nil, err
		}
		m, err = c.await(func(m *wire.Message) bool {
			return m.Transaction == h.Transaction && (m.Kind == wire.KindReply || m.Kind == wire.KindError)
		})
		if err == nil && m.Kind == wire.KindError {
			return nil, &m.Refusal
		}
		if !errors.Is(err, errSilence) {
			break
		}
	}
	return m, err
}

// await sends what is queued and returns the first message that is wanted.
// Requests are answered.
func (c *Crowd) await(wanted func(*wire.Message) bool) (*wire.Message, error) {
	for start := time.Now(); time.Since(start) < patience; {
		if err := c.socket.flush(); err != nil {
			return nil, err
		}
		n, err := c.socket.receive(patience)
		if err != nil {
			return nil, err
		}
		var found *wire.Message
		for k := range n {
			m := new(wire.Message)
			if err := m.Decode(bytes.Clone(c.socket.packet(k))); err != nil {
				return nil, fmt.Errorf("reading what the node sent: %w", err)
			}
			if m.Kind.IsRequest() {
				if err := c.oblige(m, k); err != nil {
					return nil, err
				}
			}
			if found == nil && wanted(m) {
				found = m
			}
		}
		if found != nil {
			return found, c.socket.flush()
		}
	}
	return nil, errSilence
}

// oblige answers a request of the node, which was the i-th packet received. A
// node that kept silent would be dropped.
func (c *Crowd) oblige(m *wire.Message, i int) error {
	addr := c.socket.destination(i)
	member := int(addr.As4()[3]) - 1
	if member < 0 || member >= len(c.members) {
		return fmt.Errorf("the node asked %s, who never spoke", addr)
	}
	answer := wire.Answer{Seen: netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	if m.Kind == wire.KindFind || m.Kind == wire.KindGet {
		answer.Token = c.members[member].id[:]
	}
	return c.socket.queue(addr, wire.AppendAnswer(c.socket.buffer(), c.header(member, m.Transaction), &answer))
}

// listenerBits are those of a socket id that number the listeners of a member.
const listenerBits = 16

func (c *Crowd) listen(i int, key wire.ID, number uint16) error {
	_, err := c.ask(i, func(b []byte, h wire.Header) []byte {
		return wire.AppendListen(b, h, key, c.members[i].token, socketID(i, number), &wire.Query{})
	})
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	return nil
}

func socketID(member int, number uint16) uint32 { return uint32(member)<<listenerBits | uint32(number) }

// put stores one value.
func (c *Crowd) put(i int, key wire.ID, value []byte) error {
	m, values := c.members[i], [][]byte{value}
	_, err := c.insist(i, func(h wire.Header) error {
		err := c.socket.queue(m.addr, wire.AppendPut(c.socket.buffer(), h, key, m.token, 0, values))
		if err != nil || !wire.InParts(values) {
			return err
		}
		for part := range wire.Parts(nil, h, values) {
			if err := c.socket.queue(m.addr, append(c.socket.buffer(), part...)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("putting a value: %w", err)
	}
	return nil
}

// packed makes a value with so many bytes of data.
func packed(id uint64, size int) []byte {
	return (&wire.Value{ID: id, Data: make([]byte, size)}).Append(nil)
}
