// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"container/list"
	"net/netip"
	"time"

	"jamibox/dht/wire"
)

// record is what is known of a node that has answered. Its times are the age
// of the table then.
type record struct {
	node    wire.Node
	heard   time.Duration // its last datagram
	replied time.Duration // its last answer
	pinged  time.Duration // the last ping that the table asked for

	// tries counts what was left unanswered since it was heard, last at lost.
	tries int
	lost  time.Duration
	// doubted asks for a ping as soon as askPause allows it.
	doubted bool
	// claim is another endpoint that answered under the same id, at claimed.
	claim   netip.AddrPort
	claimed time.Duration

	// expiry is its place among the expired; nil while it is live.
	expiry  *list.Element
	retries int

	shared uint8 // leading bits shared with our own id
	listed bool  // in the trie
	leaf   vertex

	due   time.Duration // when the schedule looks at it; never too late
	place int           // in the schedule
}

// good reports whether the node may be listed.
func (r *record) good(at time.Duration) bool {
	return r.expiry == nil && at-r.heard < goodAfterHeard && at-r.replied < goodAfterReply
}

// next returns when the node is to be pinged, from what is known now.
func (r *record) next() time.Duration {
	if r.expiry != nil {
		return r.pinged + retryPause<<r.retries
	}
	allowed := r.pinged + askPause
	if r.doubted {
		return allowed
	}
	return max(allowed, min(r.heard+silence, r.replied+confirm))
}

// yields reports whether another endpoint that answers under the id of r takes
// its place.
func (r *record) yields(at time.Duration) bool {
	return r.tries > 0 || !r.good(at)
}

// schedule is a heap of all records by the time they are due. It implements
// heap.Interface.
type schedule []*record

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].due < s[j].due }

func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].place, s[j].place = i, j
}

func (s *schedule) Push(x any) {
	r := x.(*record)
	r.place = len(*s)
	*s = append(*s, r)
}

func (s *schedule) Pop() any {
	last := len(*s) - 1
	r := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return r
}
