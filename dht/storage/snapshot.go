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

// Snapshot yields all values, in no order. The Store must not be changed
// meanwhile.
func (s *Store) Snapshot(now time.Time) iter.Seq[Kept] {
	return func(yield func(Kept) bool) {
		at := s.at(now)
		for _, h := range s.shelves {
			for _, r := range h.values {
				if !r.live(at) {
					continue
				}
				created := now.Add(r.expires - r.kind.life() - at)
				if !yield(Kept{Key: h.key, Packed: r.packed, Created: created, Source: r.source.addr}) {
					return
				}
			}
		}
	}
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
