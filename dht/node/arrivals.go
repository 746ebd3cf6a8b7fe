// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"maps"
	"net/netip"
	"time"

	"jamibox/dht/wire"
)

// rejoinPause lies between two times that a node which stays good arrives because
// it starts anew.
const rejoinPause = 10 * time.Second

// arrivals tells nodes that come, or come back, from those that are there.
type arrivals struct {
	good  map[wire.ID]*arrival
	again map[wire.ID]struct{} // of these, what is to arrive after rejoinPause
}

type arrival struct {
	last time.Time
	at   [2]netip.AddrPort // where the node is, by family
}

func newArrivals() *arrivals {
	return &arrivals{good: make(map[wire.ID]*arrival), again: make(map[wire.ID]struct{})}
}

// update returns the nodes that arrived. Listed are those that are good now,
// rejoined those that started anew since the last call.
func (a *arrivals) update(listed []wire.Node, rejoined map[wire.ID]struct{}, now time.Time) (arrived []wire.Node) {
	maps.Copy(a.again, rejoined)
	present := make(map[wire.ID]struct{}, len(listed))
	for _, other := range listed {
		present[other.ID] = struct{}{}
		if a.arrives(other, now) {
			arrived = append(arrived, other)
		}
	}
	gone := func(id wire.ID) bool {
		_, there := present[id]
		return !there
	}
	maps.DeleteFunc(a.good, func(id wire.ID, _ *arrival) bool { return gone(id) })
	maps.DeleteFunc(a.again, func(id wire.ID, _ struct{}) bool { return gone(id) })
	return arrived
}

// arrives reports whether a node is new, has moved, or starts anew. Its second
// address family is nothing new.
func (a *arrivals) arrives(other wire.Node, now time.Time) bool {
	known, family := a.good[other.ID], familyOf(other.Addr)
	if known == nil {
		known = new(arrival)
		a.good[other.ID] = known
	}
	before := known.at[family]
	known.at[family] = other.Addr
	_, again := a.again[other.ID]
	moved := before.IsValid() && before != other.Addr
	if !known.last.IsZero() && !moved && !(again && now.Sub(known.last) >= rejoinPause) {
		return false
	}
	known.last = now
	delete(a.again, other.ID)
	return true
}
