// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"time"

	"jamibox/dht/wire"
)

// Closest appends to dst the good nodes closest to the target, at most n,
// closest first (section 4). It allocates only what dst lacks.
func (t *Table) Closest(dst []wire.Node, target wire.ID, n int, now time.Time) []wire.Node {
	if n <= 0 {
		return dst
	}
	at := now.Sub(t.epoch)
	t.trie.walk(&target, func(r *record) bool {
		if r.good(at) {
			dst = append(dst, r.node)
			n--
		}
		return n > 0
	})
	return dst
}

// AmongClosest reports whether fewer than n good nodes are closer to the key
// than our own id: the store rule of section 10. It holds whenever fewer
// than n good nodes are known.
func (t *Table) AmongClosest(key wire.ID, n int, now time.Time) bool {
	at := now.Sub(t.epoch)
	t.trie.walk(&key, func(r *record) bool {
		if !closer(&key, &r.node.ID, &t.own) {
			return false
		}
		if r.good(at) {
			n--
		}
		return n > 0
	})
	return n > 0
}

// Snapshot returns all good nodes, in no order that means anything, to be told
// to a later table.
func (t *Table) Snapshot(now time.Time) []wire.Node {
	return t.Closest(make([]wire.Node, 0, len(t.byID)-t.expired.Len()), t.own, len(t.byID), now)
}

// Counts says how many nodes the table knows.
type Counts struct {
	// Good nodes may be listed. Dubious ones have yet to answer, or to answer
	// again. Expired ones left three tries unanswered.
	Good, Dubious, Expired int
	// Buckets is how many ranges of ids maintenance tells apart.
	Buckets int
}

// Counts counts the nodes, one by one: it is for status, not for each datagram.
func (t *Table) Counts(now time.Time) Counts {
	at := now.Sub(t.epoch)
	last, _ := t.buckets.last()
	c := Counts{
		Dubious: t.strange.waiting(at),
		Expired: t.expired.Len(),
		Buckets: last + 1,
	}
	for _, r := range t.due {
		switch {
		case r.good(at):
			c.Good++
		case r.expiry == nil:
			c.Dubious++
		}
	}
	return c
}
