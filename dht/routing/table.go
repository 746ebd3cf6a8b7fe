// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"container/heap"
	"container/list"
	"net/netip"
	"time"

	"jamibox/dht/wire"
)

// Table is the routing table of one address family. It is not safe for
// concurrent use. Endpoints are given to it without IPv4-mapped form, and times
// from one clock, not running backwards.
type Table struct {
	own   wire.ID
	cfg   Config
	epoch time.Time

	byID    map[wire.ID]*record
	byAddr  map[netip.AddrPort]*record // the same records
	sources map[netip.Addr]int         // live records by source
	expired *list.List                 // of *record, oldest first
	due     schedule
	trie    trie // records that may be listed
	strange strangers
	buckets buckets
}

// New returns an empty table for the node with the id own.
func New(own wire.ID, cfg Config, now time.Time) *Table {
	return &Table{
		own:     own,
		cfg:     cfg,
		epoch:   now,
		byID:    make(map[wire.ID]*record),
		byAddr:  make(map[netip.AddrPort]*record),
		sources: make(map[netip.Addr]int),
		expired: list.New(),
		strange: strangers{rate: cfg.Pings, asked: make(map[netip.AddrPort]time.Duration)},
		buckets: newBuckets(),
	}
}

// Heard records a datagram that is no answer to a request of ours, from the
// endpoint addr under the given id, and reports whether to ping addr now. Client
// tells that the sender calls itself a client node (section 2, "s"). The answer
// to the ping is to be told to Answered whatever id it comes from, since it
// settles which one belongs to the endpoint.
func (t *Table) Heard(id wire.ID, addr netip.AddrPort, client bool, now time.Time) (ping bool) {
	if id.IsZero() || id == t.own {
		return false
	}
	at := now.Sub(t.epoch)
	r := t.byAddr[addr]
	if r == nil || r.node.ID != id {
		return t.claimed(id, r, addr, client, at)
	}
	r.heard, r.tries = at, 0
	if r.expiry != nil {
		if !t.revive(r) {
			return false
		}
		t.ask(r, at)
		return true
	}
	if client && at >= r.pinged+askPause {
		t.ask(r, at)
		return true
	}
	return false
}

// claimed handles a datagram under an id that the endpoint addr is not known by.
// Holder is the record at that endpoint, or nil.
func (t *Table) claimed(id wire.ID, holder *record, addr netip.AddrPort, client bool, at time.Duration) (ping bool) {
	if client {
		if holder != nil {
			t.doubt(holder)
		}
		return false
	}
	if r := t.byID[id]; r != nil {
		t.doubt(r)
	}
	return t.strange.ask(addr, at)
}

// Told reports whether to ping a node that another node named, or that was kept
// from an earlier run. The answer is to be told to Answered. No more than
// Config.Pings endpoints are pinged in a second: who has more nodes to tell of
// spreads them over time.
func (t *Table) Told(node wire.Node, now time.Time) (ping bool) {
	if node.ID.IsZero() || node.ID == t.own {
		return false
	}
	at := now.Sub(t.epoch)
	named, there := t.byID[node.ID], t.byAddr[node.Addr]
	if named != nil && (named == there || named.good(at)) || there != nil && there.good(at) {
		return false
	}
	return t.strange.ask(node.Addr, at)
}

// Answered records an answer to a request of ours: the endpoint addr is where
// the node with the given id lives. The caller vouches that the answer bears the
// transaction id of a request that was sent to addr. Client is as in Heard.
func (t *Table) Answered(id wire.ID, addr netip.AddrPort, client bool, now time.Time) {
	at := now.Sub(t.epoch)
	t.strange.answered(addr)
	r := t.byID[id]
	if there := t.byAddr[addr]; there != nil && there != r {
		t.remove(there)
	}
	switch {
	case id.IsZero() || id == t.own:
		return
	case r == nil:
		if !client {
			t.add(wire.Node{ID: id, Addr: addr}, at)
		}
		return
	case r.node.Addr != addr && !r.yields(at):
		if !client {
			r.claim, r.claimed = addr, at
		}
		t.doubt(r)
		return
	case client:
		t.remove(r)
		return
	case r.node.Addr != addr && !t.move(r, addr):
		return
	}
	t.answered(r, at)
}

// Failed records that a try of a request to the endpoint was not answered in
// time (section 8). After three in a row the node there is expired; those lost
// within one second, as by many requests at once, count as one.
func (t *Table) Failed(addr netip.AddrPort, now time.Time) {
	at := now.Sub(t.epoch)
	r := t.byAddr[addr]
	if r == nil || r.expiry != nil || r.tries > 0 && at-r.lost < tryPause {
		return
	}
	r.tries++
	r.lost = at
	// Another node may have answered at the claimed endpoint since.
	if r.claim.IsValid() && at-r.claimed < claimLife && t.byAddr[r.claim] == nil {
		if t.move(r, r.claim) {
			t.answered(r, r.claimed)
		}
		return
	}
	if r.tries >= maxTries {
		t.expire(r, at)
	}
}

// ask takes a ping to the node as sent.
func (t *Table) ask(r *record, at time.Duration) {
	r.pinged, r.doubted = at, false
	t.reschedule(r)
}

// doubt has a node, if it is live, pinged by the next Due that may do so.
func (t *Table) doubt(r *record) {
	if !r.doubted {
		r.doubted = true
		t.reschedule(r)
	}
}

// answered records an answer of the node at its own endpoint.
func (t *Table) answered(r *record, at time.Duration) {
	if r.expiry != nil && !t.revive(r) {
		return
	}
	r.heard, r.replied, r.tries = at, at, 0
	r.claim, r.doubted = netip.AddrPort{}, false
	t.buckets.replied[r.shared] = at
	if !r.listed {
		t.list(r, at)
	}
	t.reschedule(r)
}

// reschedule brings the time at which a record is due in line with what is known
// of it. Datagrams that are heard only make that later, and skip this.
func (t *Table) reschedule(r *record) {
	r.due = r.next()
	heap.Fix(&t.due, r.place)
}
