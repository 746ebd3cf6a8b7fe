// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	"net/netip"
	"slices"

	"jamibox/dht/wire"
)

const (
	// maxHeard bounds the values of one of our listeners, and maxHeardBytes those
	// that other nodes told all of them of. What our own store holds costs
	// nothing, since it lies there already.
	maxHeard      = 4096
	maxHeardBytes = 64 << 20
)

// here stands for our own store among those who hold a value.
var here netip.AddrPort

// heard is a value that one of our listeners knows.
type heard struct {
	packed  []byte
	holders []netip.AddrPort
	cost    int // counted in server.heardBytes
}

// hear notes that from holds the value, and tells the listener if it is new or
// has changed.
func (s *server) hear(l *listening, from netip.AddrPort, packed []byte) {
	v, err := wire.ParseValue(packed)
	if err != nil || l.ended {
		return
	}
	known := l.values[v.ID]
	if known == nil {
		if len(l.values) >= maxHeard {
			s.counts.unheard++
			return
		}
		known = &heard{}
	} else if bytes.Equal(known.packed, v.Packed) || older(&v, known.packed) {
		known.add(from)
		return
	}
	kept, cost := v.Packed, 0
	if from != here {
		if cost = len(kept); s.heardBytes-known.cost+cost > maxHeardBytes {
			s.counts.unheard++
			return
		}
		kept = bytes.Clone(kept)
	}
	s.heardBytes += cost - known.cost
	known.packed, known.cost = kept, cost
	known.add(from)
	l.values[v.ID] = known
	l.tell(kept, false)
}

// older reports whether the value was replaced by the other one: a node that
// missed the change may still hold it.
func older(v *wire.Value, other []byte) bool {
	o, err := wire.ParseValue(other)
	return err == nil && v.Signed() && o.Signed() && bytes.Equal(v.Owner, o.Owner) && v.Seq < o.Seq
}

func (h *heard) add(holder netip.AddrPort) {
	if !slices.Contains(h.holders, holder) {
		h.holders = append(h.holders, holder)
	}
}

// miss notes that from holds the value no longer, and tells the listener if
// nobody does.
func (s *server) miss(l *listening, from netip.AddrPort, id uint64) {
	known := l.values[id]
	if known == nil || l.ended {
		return
	}
	place := slices.Index(known.holders, from)
	if place < 0 {
		return
	}
	if known.holders = slices.Delete(known.holders, place, place+1); len(known.holders) > 0 {
		return
	}
	s.heardBytes -= known.cost
	delete(l.values, id)
	l.tell(known.packed, true)
}

// missAll notes that from holds nothing any longer but the values with these ids.
func (s *server) missAll(l *listening, from netip.AddrPort, but map[uint64]bool) {
	for id := range l.values {
		if !but[id] {
			s.miss(l, from, id)
		}
	}
}
