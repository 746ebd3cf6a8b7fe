// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

// ErrRefused is returned by Put for a value that the rules of section 10 do not
// allow.
var ErrRefused = errors.New("value is not one that nodes store")

// Ping returns the id of the node at an address. It heeds ctx, and returns
// ErrNoAnswer after eight seconds.
func (n *Node) Ping(ctx context.Context, to netip.AddrPort) (wire.ID, error) {
	action := fmt.Sprintf("pinging the dht node at %s", to)
	s, err := n.started(action)
	if err != nil {
		return wire.ID{}, err
	}
	if s.sockets[familyOf(to)] == nil {
		return wire.ID{}, fmt.Errorf("%s: its address family is not served here", action)
	}
	r, err := s.ask(ctx, newOutbox(s), func(done func(reply)) { s.ping(to, done) })
	if err != nil {
		return wire.ID{}, fmt.Errorf("%s: %w", action, err)
	}
	return r.message.Sender, nil
}

// Put stores a packed value here, whatever node is closest, and at the eight
// closest other nodes, and returns how many of them confirmed it. It returns
// ErrRefused if the value was not stored here. It is to be repeated before the
// value's life is over.
func (n *Node) Put(ctx context.Context, key wire.ID, packed []byte) (nodes int, err error) {
	action := fmt.Sprintf("storing a value in the dht under key %s", key)
	s, err := n.started(action)
	if err != nil {
		return 0, err
	}
	v, err := wire.ParseValue(packed)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", action, err)
	}
	checked := storage.Check(&v)
	out := newOutbox(s)
	s.begin(out)
	outcome := s.store.Put(key, &checked, time.Time{}, netip.Addr{}, s.now)
	s.end()
	out.flush()
	if outcome.Refused() {
		return 0, fmt.Errorf("%s: %w: %s", action, ErrRefused, outcome)
	}
	near, err := s.search(ctx, out, key, s.find)
	if err != nil {
		return 0, fmt.Errorf("%s: looking for the closest nodes: %w", action, err)
	}
	results := make(chan reply, len(near))
	s.begin(out)
	for _, c := range near {
		s.sendPut(c.node.Addr, c.reply.message.Token, &storage.Kept{Key: key, Packed: v.Packed}, func(r reply) { results <- r })
	}
	s.end()
	out.flush()
	for range near {
		select {
		case <-ctx.Done():
			return nodes, fmt.Errorf("%s: %w", action, ctx.Err())
		case r := <-results:
			if r.err == nil {
				nodes++
			}
		}
	}
	return nodes, nil
}

// Get returns the packed values that are stored under the key here and at the
// closest other nodes, each once.
func (n *Node) Get(ctx context.Context, key wire.ID) (values [][]byte, err error) {
	err = n.GetEach(ctx, key, func(packed []byte) { values = append(values, packed) })
	return values, err
}

// GetEach calls found with each value that Get returns, those that are stored
// here at once, the others as nodes answer. The values are never changed.
func (n *Node) GetEach(ctx context.Context, key wire.ID, found func(packed []byte)) error {
	action := fmt.Sprintf("reading from the dht under key %s", key)
	s, err := n.started(action)
	if err != nil {
		return err
	}
	out := newOutbox(s)
	var stored [][]byte
	s.begin(out)
	for packed := range s.store.Values(key, nil, s.now) {
		stored = append(stored, packed)
	}
	s.end()
	seen := make(map[string]bool)
	add := func(packed []byte) {
		if !seen[string(packed)] {
			seen[string(packed)] = true
			found(packed)
		}
	}
	for _, packed := range stored {
		add(packed)
	}
	_, err = s.searchEach(ctx, out, key, s.get, func(c *contact) {
		for _, packed := range c.reply.values {
			add(packed)
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// ask has a request sent and waits for its answer.
func (s *server) ask(ctx context.Context, out *outbox, send func(done func(reply))) (reply, error) {
	answered := make(chan reply, 1)
	s.begin(out)
	send(func(r reply) { answered <- r })
	s.end()
	out.flush()
	select {
	case <-ctx.Done():
		return reply{}, ctx.Err()
	case r := <-answered:
		return r, r.err
	}
}

// get asks a node for the values under the key.
func (s *server) get(to netip.AddrPort, key wire.ID, done func(reply)) {
	t := s.newTransaction()
	s.send(wire.AppendGet(s.out.data, s.header(t), key, &wire.Query{}), t, to, nil, done)
}

// sendPut asks a node that gave us a token to store a value, which lives no longer
// for being copied; the zero time is that of its arrival.
func (s *server) sendPut(to netip.AddrPort, token []byte, kept *storage.Kept, done func(reply)) {
	t := s.newTransaction()
	values := [][]byte{kept.Packed}
	var created int64
	if !kept.Created.IsZero() {
		created = kept.Created.Unix()
	}
	b := wire.AppendPut(s.out.data, s.header(t), kept.Key, token, created, values)
	if !wire.InParts(values) {
		values = nil
	}
	s.send(b, t, to, values, done)
}
