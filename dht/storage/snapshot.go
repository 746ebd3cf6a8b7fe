// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"fmt"
	"iter"
	"net/netip"
	"time"

	"jamibox/dht/wire"
)

// Kept is a stored value as it outlives the process.
type Kept struct {
	Key wire.ID
	// Packed is never changed and may be kept.
	Packed []byte
	// Created is when it was created or last refreshed, by the wall clock.
	Created time.Time
	// Source is the address that it counts for, of IPv6 the network of 64 bits;
	// invalid for our own values.
	Source netip.Addr
}

// Snapshot yields all values of now in pieces, key after key in no order, or those
// of the keys that are wanted, unless wanted is nil. It looks at no more than so many
// keys and values for each; a piece may be empty, and is good until the next one. Between two pieces the Store may be changed: a value that
// comes, goes or is replaced meanwhile may be left out, and one that goes and comes
// back may be yielded twice.
func (s *Store) Snapshot(now time.Time, looks int, wanted func(key wire.ID) bool) iter.Seq[[]Kept] {
	return func(yield func([]Kept) bool) {
		at := s.at(now)
		piece, left := make([]Kept, 0, looks), looks
		// looked returns false if there is to be no other piece.
		looked := func() bool {
			if left--; left > 0 {
				return true
			}
			more := yield(piece)
			piece, left = piece[:0], looks
			return more
		}
		for _, h := range s.shelves {
			if len(h.values) == 0 || wanted != nil && !wanted(h.key) {
				if !looked() {
					return
				}
				continue
			}
			for place := 0; place < len(h.values); {
				r := h.values[place]
				if r.live(at) {
					created := now.Add(r.expires - r.kind.life() - at)
					piece = append(piece, Kept{Key: h.key, Packed: r.packed, Created: created, Source: r.source.addr})
				}
				if !looked() {
					return
				}
				place = h.after(place, r)
			}
		}
		yield(piece)
	}
}

// after returns the place behind that of a value, which may have moved or gone.
func (h *shelf) after(place int, r *record) int {
	if place < len(h.values) && h.values[place] == r {
		return place + 1
	}
	place, found := h.find(r.id)
	if found {
		place++
	}
	return place
}

// Restore stores a copy of a value out of a Snapshot, which it trusts: no rule
// but expiry and limits is applied. A value that has expired or that is there
// already is left out. It returns an error if the value is unreadable.
func (s *Store) Restore(k Kept, now time.Time) error {
	v, err := wire.ParseValue(k.Packed)
	if err != nil {
		return fmt.Errorf("restoring a value under key %s: %w", k.Key, err)
	}
	expires, ok := s.expiry(&v, k.Created, now)
	if !ok {
		return nil
	}
	h := s.shelves[k.Key]
	if h != nil && len(h.values) >= s.limits.ValuesPerKey || s.lookup(k.Key, v.ID) != nil {
		return nil
	}
	s.keep(k.Key, &v, expires, k.Source, now)
	return nil
}
