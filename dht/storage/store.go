// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"bytes"
	"cmp"
	"container/list"
	"net/netip"
	"slices"
	"time"

	"jamibox/dht/wire"
)

// Store holds values and listeners by key. It is not safe for concurrent use.
// Times come from one clock, not running backwards.
type Store struct {
	limits Limits
	pusher Pusher
	epoch  time.Time

	shelves   map[wire.ID]*shelf
	sources   sources
	listeners *list.List // of *listening, the one heard longest ago first
	gone      []*shelf   // have ids of which their listeners must be told

	counts counts
}

// shelf is what lies under one key: at least a value or a listener.
type shelf struct {
	key      wire.ID
	values   []*record // by id
	audience *audience // nil if nobody listens
}

// record is a stored value. There may be half a million, so it is kept to 64
// bytes.
type record struct {
	packed  []byte // never changed, so that it can be read later
	shelf   *shelf
	source  *source
	id      uint64
	expires time.Duration // age of the store then
	place   int32         // in the heap of its source
	// valueType and kind are read from packed.
	valueType uint16
	kind      kind
}

// New returns an empty Store. The pusher, which must not be nil, is told what
// listeners must hear.
func New(limits Limits, pusher Pusher, now time.Time) *Store {
	return &Store{
		limits:    limits,
		pusher:    pusher,
		epoch:     now,
		shelves:   make(map[wire.ID]*shelf),
		sources:   newSources(),
		listeners: list.New(),
	}
}

func (s *Store) at(now time.Time) time.Duration { return now.Sub(s.epoch) }

// cost is what the value counts against Limits.Bytes.
func (r *record) cost() int64 { return int64(max(len(r.packed), minCost)) }

func (r *record) live(at time.Duration) bool { return r.expires > at }

// find returns the place of the value id, where it is or belongs.
func (h *shelf) find(id uint64) (int, bool) {
	return slices.BinarySearchFunc(h.values, id, func(r *record, id uint64) int { return cmp.Compare(r.id, id) })
}

// shelf returns what lies under the key, if need be a new shelf.
func (s *Store) shelf(key wire.ID) *shelf {
	h := s.shelves[key]
	if h == nil {
		h = &shelf{key: key}
		s.shelves[key] = h
	}
	return h
}

// tidy forgets an empty shelf.
func (s *Store) tidy(h *shelf) {
	if len(h.values) == 0 && h.audience == nil {
		delete(s.shelves, h.key)
	}
}

// lookup returns the value, live or not; nil if there is none.
func (s *Store) lookup(key wire.ID, id uint64) *record {
	h := s.shelves[key]
	if h == nil {
		return nil
	}
	place, found := h.find(id)
	if !found {
		return nil
	}
	return h.values[place]
}

// insert stores a copy of the value, whose id must not be there.
func (s *Store) insert(key wire.ID, v *wire.Value, expires time.Duration, from netip.Addr) *record {
	h := s.shelf(key)
	r := &record{
		packed: bytes.Clone(v.Packed), shelf: h, id: v.ID, expires: expires,
		valueType: v.Type, kind: kindOf(v.Type),
	}
	place, _ := h.find(r.id)
	h.values = slices.Insert(h.values, place, r)
	s.sources.add(r, from)
	s.counts.add(r)
	return r
}

// remove drops the value, but not its shelf.
func (s *Store) remove(r *record) {
	place, _ := r.shelf.find(r.id)
	r.shelf.values = cut(r.shelf.values, place)
	s.sources.remove(r)
	s.counts.remove(r)
}

// cut removes an element, and gives memory back when most of it is unused.
func cut[T any](elements []T, place int) []T {
	const small = 64
	elements = slices.Delete(elements, place, place+1)
	if cap(elements) > small && len(elements) < cap(elements)/4 {
		elements = append(make([]T, 0, 2*len(elements)), elements...)
	}
	return elements
}
