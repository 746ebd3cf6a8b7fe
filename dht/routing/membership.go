// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"container/heap"
	"net/netip"
	"time"

	"jamibox/dht/wire"
)

// never is the time of an answer that no node can be good by.
const never = -goodAfterReply

// source returns what the records at an address are counted under. A host has
// all addresses of an IPv6 network to itself.
func source(addr netip.Addr) netip.Addr {
	if addr.Is4() {
		return addr
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return addr
	}
	return prefix.Addr()
}

// add records and lists a node that has just answered, if there is room: the
// node that expired first makes way, live ones do not.
func (t *Table) add(node wire.Node, at time.Duration) {
	from := source(node.Addr.Addr())
	if t.sources[from] >= t.cfg.NodesPerAddress {
		return
	}
	if len(t.byID) >= t.cfg.Nodes {
		oldest := t.expired.Front()
		if oldest == nil {
			return
		}
		t.remove(oldest.Value.(*record))
	}
	r := &record{node: node, pinged: at, shared: uint8(sharedBits(&t.own, &node.ID))}
	t.byID[node.ID], t.byAddr[node.Addr] = r, r
	t.sources[from]++
	heap.Push(&t.due, r)
	t.answered(r, at)
}

// remove forgets a node.
func (t *Table) remove(r *record) {
	delete(t.byID, r.node.ID)
	delete(t.byAddr, r.node.Addr)
	if r.expiry != nil {
		t.expired.Remove(r.expiry)
	} else {
		t.leave(r)
	}
	t.unlist(r)
	heap.Remove(&t.due, r.place)
}

// move has the node live at another endpoint, where no record is. If there is
// no room for it, the node is forgotten, and false returned.
func (t *Table) move(r *record, addr netip.AddrPort) bool {
	if from := source(addr.Addr()); r.expiry == nil && from != source(r.node.Addr.Addr()) {
		if t.sources[from] >= t.cfg.NodesPerAddress {
			t.remove(r)
			return false
		}
		t.leave(r)
		t.sources[from]++
	}
	delete(t.byAddr, r.node.Addr)
	r.node.Addr = addr
	t.byAddr[addr] = r
	return true
}

// expire makes a live node an expired one. It has to answer before it is good
// again: a spoofed datagram must not list a dead node.
func (t *Table) expire(r *record, at time.Duration) {
	t.leave(r)
	t.unlist(r)
	r.expiry = t.expired.PushBack(r)
	r.replied, r.pinged, r.retries = at+never, at, 0
	t.reschedule(r)
}

// revive makes an expired node a live one, unless there is no room for it.
func (t *Table) revive(r *record) bool {
	from := source(r.node.Addr.Addr())
	if t.sources[from] >= t.cfg.NodesPerAddress {
		return false
	}
	t.sources[from]++
	t.expired.Remove(r.expiry)
	r.expiry, r.tries = nil, 0
	return true
}

// leave takes a live node out of the count of its source.
func (t *Table) leave(r *record) {
	from := source(r.node.Addr.Addr())
	if t.sources[from]--; t.sources[from] == 0 {
		delete(t.sources, from)
	}
}

func (t *Table) list(r *record, at time.Duration) {
	r.listed = true
	t.trie.insert(r)
	t.buckets.grow(r.shared, at)
}

func (t *Table) unlist(r *record) {
	if r.listed {
		r.listed = false
		t.trie.remove(r)
		t.buckets.count[r.shared]--
	}
}
