// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"jamibox/dht/wire"
)

// Find is a request to be sent to Node: its closest nodes to Target, which are
// to be told to Told.
type Find struct {
	Target wire.ID
	Node   wire.Node
}

// Due returns what is to be sent now: pings to nodes that are silent or in
// doubt, and finds that keep the buckets filled (section 9). It takes all of
// them as sent. Call it about once a second; if nothing is due it costs next to
// nothing.
func (t *Table) Due(now time.Time) (pings []wire.Node, finds []Find) {
	at := now.Sub(t.epoch)
	for len(t.due) > 0 && len(pings) < t.cfg.Pings {
		r := t.due[0]
		switch {
		case r.due > at:
			return pings, t.finds(at)
		case r.next() > at:
			t.reschedule(r)
		case r.expiry != nil && r.retries == maxRetries:
			t.remove(r)
		case r.expiry != nil:
			r.retries++
			t.ask(r, at)
			pings = append(pings, r.node)
		case at-r.heard >= goodAfterHeard:
			// It was pinged all the time, so the caller cannot send or does not
			// say what failed.
			t.expire(r, at)
		default:
			if !r.good(at) {
				t.unlist(r)
			}
			t.ask(r, at)
			pings = append(pings, r.node)
		}
	}
	return pings, t.finds(at)
}

// finds returns the searches that are due.
func (t *Table) finds(at time.Duration) []Find {
	b := &t.buckets
	if at < b.round {
		return nil
	}
	var finds []Find
	last, nodes := b.last()
	for i := range last + 1 {
		target := randomID(t.own, i)
		count, replied := b.count[i], b.replied[i]
		if i < last {
			target[i>>3] = target[i>>3]&^(0x80>>(i&7)) | ^t.own[i>>3]&(0x80>>(i&7))
		} else {
			count = nodes
			for _, later := range b.replied[i:] {
				replied = max(replied, later)
			}
		}
		if at-b.searched[i] < searchPause || count > 0 && at-replied < quiet {
			continue
		}
		b.searched[i] = at
		finds = t.appendFind(finds, target, at)
	}
	if at-b.grown < growth {
		finds = t.appendFind(finds, randomID(t.own, idBits-8), at)
	}
	if len(finds) > 0 {
		b.round = at + fastRound()
	} else {
		b.round = at + slowRound()
	}
	return finds
}

// appendFind adds a search for the target by one of the nodes close to it. With
// no good node there is nobody to ask.
func (t *Table) appendFind(finds []Find, target wire.ID, at time.Duration) []Find {
	var buf [bucketSize]wire.Node
	near := t.Closest(buf[:0], target, bucketSize, t.epoch.Add(at))
	if len(near) == 0 {
		return finds
	}
	return append(finds, Find{Target: target, Node: near[rand.IntN(len(near))]})
}

var _ heap.Interface = (*schedule)(nil)
