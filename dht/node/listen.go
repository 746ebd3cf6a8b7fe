// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

const (
	// Nodes forget a listener after ten minutes (section 6), so it is repeated
	// after listenPause. The first repeats come sooner: a node that has just
	// started knows few others.
	firstListenPause = 15 * time.Second
	listenPause      = 4 * time.Minute
	listenJitter     = 10 * time.Second
	// askedLife is how long a node pushes without being asked again.
	askedLife = 10 * time.Minute
)

// listening is one of our own listeners.
type listening struct {
	key    wire.ID
	socket uint32
	tell   func(packed []byte, expired bool)
	// asked holds the nodes that push to us, and when they were last asked to.
	asked  map[netip.AddrPort]time.Time
	values map[uint64]*heard
	ended  bool
}

// Listen tells of the values under the key, those that are there first, and
// blocks until ctx is done; then it returns nil. It hears of what is stored here
// and at the eight closest other nodes. A value is told of once, again if it is
// replaced, and a last time, with expired, when nobody holds it any more. Values
// of other nodes are not checked: their readers check signatures.
//
// tell is called in turn: it must be quick and must not call the Node. It may keep
// the packed value, which is never changed. It is not called any more when Listen
// has returned. If the node stops, Listen returns ErrNotRunning.
func (n *Node) Listen(ctx context.Context, key wire.ID, tell func(packed []byte, expired bool)) error {
	action := fmt.Sprintf("listening in the dht at key %s", key)
	s, err := n.started(action)
	if err != nil {
		return err
	}
	l := &listening{key: key, tell: tell, asked: make(map[netip.AddrPort]time.Time), values: make(map[uint64]*heard)}
	s.begin(nil)
	s.attend(l)
	s.end()
	defer s.unattend(l)
	for pause := firstListenPause; ; pause = min(2*pause, listenPause) {
		if err := s.askAround(ctx, l); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		timer := time.NewTimer(pause + rand.N(listenJitter))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-s.abandoned:
			timer.Stop()
			return fmt.Errorf("%s: %w", action, ErrNotRunning)
		case <-timer.C:
		}
	}
}

// attend gives the listener a socket id.
func (s *server) attend(l *listening) {
	for l.socket == 0 || s.listenings[l.socket] != nil {
		l.socket = rand.Uint32()
	}
	s.listenings[l.socket] = l
}

func (s *server) unattend(l *listening) {
	s.begin(nil)
	defer s.end()
	l.ended = true
	delete(s.listenings, l.socket)
	s.store.Unlisten(l.key, s.id, l.socket)
	for _, known := range l.values {
		s.heardBytes -= known.cost
	}
}

// askAround has our store and the closest nodes tell the listener, or go on to.
func (s *server) askAround(ctx context.Context, l *listening) error {
	// There may be thousands of listeners, so none keeps an outbox while it waits.
	out := newOutbox(s)
	s.begin(out)
	s.listenHere(l)
	s.end()
	near, err := s.search(ctx, out, l.key, s.find)
	if err != nil {
		return err
	}
	s.begin(out)
	for _, c := range near {
		to := c.node.Addr
		l.asked[to] = s.now
		s.sendListen(c, l, func(r reply) {
			if r.err != nil {
				s.dismissed(l, to)
			}
		})
	}
	for to, last := range l.asked {
		if s.now.Sub(last) >= askedLife {
			s.dismissed(l, to)
		}
	}
	s.end()
	out.flush()
	return nil
}

// listenHere looks through our store, too: it may have forgotten the listener,
// if there are too many.
func (s *server) listenHere(l *listening) {
	s.store.Listen(l.key, storage.Listener{Node: s.id, Socket: l.socket, Version: 1}, s.now)
	stored := make(map[uint64]bool)
	for packed := range s.store.Values(l.key, nil, s.now) {
		if v, err := wire.ParseValue(packed); err == nil {
			stored[v.ID] = true
			s.hear(l, here, packed)
		}
	}
	s.missAll(l, here, stored)
}

// dismissed notes that a node pushes nothing any longer.
func (s *server) dismissed(l *listening, from netip.AddrPort) {
	delete(l.asked, from)
	s.missAll(l, from, nil)
}

// sendListen asks a node that gave us a token to push to the listener.
func (s *server) sendListen(c *contact, l *listening, done func(reply)) {
	t := s.newTransaction()
	b := wire.AppendListen(s.out.data, s.header(t), l.key, c.reply.message.Token, l.socket, &wire.Query{})
	s.send(b, t, c.node.Addr, nil, done)
}

// serveUpdate takes what a node pushes to one of our listeners. Whatever it is
// about, the node is answered: it must not think that we are gone.
func (s *server) serveUpdate(m *wire.Message, from netip.AddrPort) {
	l := s.listenings[m.Socket]
	if l != nil && l.expects(m, from) {
		if announces(&m.Values) {
			transaction := m.Transaction
			s.expect(m, from, func(values [][]byte, err error) {
				if err != nil {
					return
				}
				for _, packed := range values {
					s.hear(l, from, packed)
				}
				s.reply(transaction, from, s.newAnswer(from))
			})
			return
		}
		for _, element := range m.Values.All() {
			s.hear(l, from, element.Packed)
		}
		for id := range m.Expired.All() {
			s.miss(l, from, id)
		}
	}
	s.reply(m.Transaction, from, s.newAnswer(from))
}

// expects reports whether the push comes from a node that was asked for it.
func (l *listening) expects(m *wire.Message, from netip.AddrPort) bool {
	_, asked := l.asked[from]
	return asked && (m.Key.IsZero() || m.Key == l.key)
}
