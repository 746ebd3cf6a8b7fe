// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"net/netip"
	"slices"

	"jamibox/dht/wire"
)

const (
	// parallel is how many nodes a search asks at the same time.
	parallel = 3
	// maxContacts bounds the nodes that a search remembers.
	maxContacts = 256
)

// contact is a node that a search knows.
type contact struct {
	node     wire.Node
	asked    bool
	answered bool
	failed   bool
	reply    reply
}

// question asks one node about the target of a search.
type question func(to netip.AddrPort, target wire.ID, done func(reply))

// search asks the nodes closest to the target, and those they name, until the
// eight closest ones have answered, and returns these.
func (s *server) search(ctx context.Context, out *outbox, target wire.ID, ask question) ([]*contact, error) {
	return s.searchEach(ctx, out, target, ask, func(*contact) {})
}

// searchEach is search, and tells of each node that answers, out of turn.
func (s *server) searchEach(ctx context.Context, out *outbox, target wire.ID, ask question, answered func(*contact)) ([]*contact, error) {
	type result struct {
		contact *contact
		reply   reply
	}
	results := make(chan result, maxContacts)
	contacts := s.known(out, target)
	for waiting := 0; ; waiting-- {
		s.begin(out)
		for waiting < parallel {
			next := unasked(contacts)
			if next == nil {
				break
			}
			next.asked = true
			waiting++
			ask(next.node.Addr, target, func(r reply) { results <- result{next, r} })
		}
		s.end()
		out.flush()
		if waiting == 0 {
			return closest(contacts), nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case r := <-results:
			if r.contact.reply = r.reply; r.reply.err != nil {
				r.contact.failed = true
				continue
			}
			r.contact.answered = true
			answered(r.contact)
			for other := range r.reply.message.Nodes.From(r.contact.node.Addr.Addr()) {
				contacts = s.meet(contacts, target, other)
			}
		}
	}
}

// known returns the closest nodes that the tables know.
func (s *server) known(out *outbox, target wire.ID) (contacts []*contact) {
	s.begin(out)
	defer s.end()
	for _, table := range s.tables {
		for _, other := range table.Closest(nil, target, maxListed, s.now) {
			contacts = s.meet(contacts, target, other)
		}
	}
	return contacts
}

// meet adds a node to the contacts, closest first, unless it is there already.
func (s *server) meet(contacts []*contact, target wire.ID, other wire.Node) []*contact {
	if other.ID == s.id || other.ID.IsZero() || s.sockets[familyOf(other.Addr)] == nil || len(contacts) == maxContacts {
		return contacts
	}
	if slices.ContainsFunc(contacts, func(c *contact) bool { return c.node == other }) {
		return contacts
	}
	place, _ := slices.BinarySearchFunc(contacts, other.ID, func(c *contact, id wire.ID) int {
		return compareDistance(&target, &c.node.ID, &id)
	})
	return slices.Insert(contacts, place, &contact{node: other})
}

// unasked returns the next node to ask: the first of the eight closest ones
// that is worth it.
func unasked(contacts []*contact) *contact {
	hopeful := 0
	for _, c := range contacts {
		if c.failed {
			continue
		}
		if hopeful++; hopeful > maxListed {
			return nil
		}
		if !c.asked {
			return c
		}
	}
	return nil
}

// closest returns the closest nodes that have answered.
func closest(contacts []*contact) (near []*contact) {
	for _, c := range contacts {
		if c.answered && len(near) < maxListed {
			near = append(near, c)
		}
	}
	return near
}

// compareDistance orders ids by their distance from the target.
func compareDistance(target, a, b *wire.ID) int {
	for i := range target {
		if x, y := a[i]^target[i], b[i]^target[i]; x != y {
			return int(x) - int(y)
		}
	}
	return 0
}
