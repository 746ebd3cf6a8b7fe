// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package crowd

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/pion/stun/v2"

	"jamibox/turn/bench/netns"
)

// receiveSize is what is read of each packet: a whole answer of the relay, and
// of the load its head.
const receiveSize = 576

// Crowd is a number of clients with a UDP allocation each. It is for one
// goroutine.
type Crowd struct {
	server  netip.AddrPort
	clients *socket
	peers   *socket
	peer    netip.AddrPort // of all clients
	members []member
	in      *inbox
	run     uint16 // number of the present load
}

type member struct {
	addr      netip.Addr
	username  string
	password  string
	realm     stun.Realm
	nonce     stun.Nonce // nil until the relay gave one
	integrity stun.MessageIntegrity
	relayed   netip.AddrPort
}

// perUser keeps each user below jamibox's default quota.
const perUser = 25

// New makes n clients of a relay, the first of them the first-th address of
// netns.Clients, and their peer. Close ends them.
func New(server netip.AddrPort, first, n int, credentials func(i int) (username, password string)) (*Crowd, error) {
	clients, err := open()
	if err != nil {
		return nil, err
	}
	peers, err := open()
	if err != nil {
		return nil, errors.Join(err, clients.close())
	}
	c := &Crowd{
		server: server, clients: clients, peers: peers,
		peer:    peers.at(netns.Host(netns.Peers(), 0)),
		members: make([]member, n),
		in:      newInbox(receiveSize),
		// At random, to tell the packets of other crowds from its own.
		run: uint16(rand.IntN(1 << 15)),
	}
	for i := range c.members {
		m := &c.members[i]
		m.addr = netns.Host(netns.Clients(), first+i)
		m.username, m.password = credentials(i / perUser)
	}
	return c, nil
}

// Allocate gives every client an allocation: a challenge, then the request
// itself, as real clients do.
func (c *Crowd) Allocate() error {
	request := func(i int) (*stun.Message, error) {
		return c.request(i, stun.MethodAllocate,
			stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{transportUDP, 0, 0, 0}})
	}
	if err := c.transact(request, c.challenged); err != nil {
		return fmt.Errorf("asking for a nonce: %w", err)
	}
	err := c.transact(request, func(i int, answer *stun.Message) error {
		if err := success(answer); err != nil {
			return err
		}
		var relayed stun.XORMappedAddress
		if err := relayed.GetFromAs(answer, stun.AttrXORRelayedAddress); err != nil {
			return fmt.Errorf("reading the relayed address: %w", err)
		}
		addr, _ := netip.AddrFromSlice(relayed.IP)
		c.members[i].relayed = netip.AddrPortFrom(addr.Unmap(), uint16(relayed.Port))
		return nil
	})
	if err != nil {
		return fmt.Errorf("allocating: %w", err)
	}
	return nil
}

func (c *Crowd) challenged(i int, answer *stun.Message) error {
	m := &c.members[i]
	if err := errors.Join(m.realm.GetFrom(answer), m.nonce.GetFrom(answer)); err != nil {
		return err
	}
	m.integrity = stun.NewLongTermIntegrity(m.username, m.realm.String(), m.password)
	return nil
}

// Bind binds a channel to the peer for every client.
func (c *Crowd) Bind() error {
	err := c.transact(func(i int) (*stun.Message, error) {
		return c.request(i, stun.MethodChannelBind, channelNumber(firstChannel), address{stun.AttrXORPeerAddress, c.peer})
	}, func(_ int, answer *stun.Message) error { return success(answer) })
	if err != nil {
		return fmt.Errorf("binding channels: %w", err)
	}
	return nil
}

// Release gives all allocations back.
func (c *Crowd) Release() error {
	err := c.transact(func(i int) (*stun.Message, error) {
		return c.request(i, stun.MethodRefresh, lifetime(0))
	}, func(_ int, answer *stun.Message) error { return success(answer) })
	if err != nil {
		return fmt.Errorf("releasing: %w", err)
	}
	return nil
}

// Close closes the sockets; allocations stay until they expire.
func (c *Crowd) Close() error { return errors.Join(c.clients.close(), c.peers.close()) }
