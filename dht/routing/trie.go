// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import "jamibox/dht/wire"

// trie holds records by id. Every inner vertex has two children, whatever the
// ids are: n records need n-1 of them, and ids chosen to share long prefixes
// cost no more than random ones.
type trie struct {
	root *vertex
}

// vertex is a leaf if it has a record. Else all ids below it share the bits
// before bit, and child tells them apart by that one.
type vertex struct {
	record *record
	child  [2]*vertex
	bit    uint8
}

// insert adds the leaf of a record whose id is not in the trie.
func (t *trie) insert(r *record) {
	r.leaf.record = r
	if t.root == nil {
		t.root = &r.leaf
		return
	}
	id := &r.node.ID
	v := t.root
	for v.record == nil {
		v = v.child[bit(id, v.bit)]
	}
	// Any leaf on the way tells the first bit in which the id differs from all
	// others: the inner vertices above have looked at no bit that comes later.
	differs := uint8(sharedBits(id, &v.record.node.ID))
	at := &t.root
	for (*at).record == nil && (*at).bit < differs {
		at = &(*at).child[bit(id, (*at).bit)]
	}
	side := bit(id, differs)
	inner := &vertex{bit: differs}
	inner.child[side], inner.child[1-side] = &r.leaf, *at
	*at = inner
}

// remove takes out the leaf of a record that is in the trie.
func (t *trie) remove(r *record) {
	id := &r.node.ID
	var above **vertex
	at := &t.root
	for (*at).record == nil {
		above = at
		at = &(*at).child[bit(id, (*at).bit)]
	}
	if above == nil {
		t.root = nil
		return
	}
	*above = (*above).child[1-bit(id, (*above).bit)]
}

// walk visits the records, closest to the target first, until visit returns
// false.
func (t *trie) walk(target *wire.ID, visit func(*record) bool) {
	if t.root != nil {
		t.root.walk(target, visit)
	}
}

func (v *vertex) walk(target *wire.ID, visit func(*record) bool) bool {
	for v.record == nil {
		near := bit(target, v.bit)
		if !v.child[near].walk(target, visit) {
			return false
		}
		v = v.child[1-near]
	}
	return visit(v.record)
}
