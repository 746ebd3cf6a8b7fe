// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"iter"
	"time"

	"jamibox/dht/wire"
)

// Values yields the packed values under the key that match the query's
// conditions, all for nil. They are never changed and may be kept. The Store
// must not be changed meanwhile.
func (s *Store) Values(key wire.ID, q *wire.Query, now time.Time) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		at := s.at(now)
		for _, r := range s.candidates(key, q) {
			if r.live(at) && r.matches(q) && !yield(r.packed) {
				return
			}
		}
	}
}

// Rows yields the fields that the query, which must not be nil, selects of each
// value that Values yields. The same holds for them.
func (s *Store) Rows(key wire.ID, q *wire.Query, now time.Time) iter.Seq[wire.Row] {
	return func(yield func(wire.Row) bool) {
		at := s.at(now)
		for _, r := range s.candidates(key, q) {
			if !r.live(at) {
				continue
			}
			if row, ok := r.row(q.Needs()); ok && q.Matches(&row) && !yield(row) {
				return
			}
		}
	}
}

// candidates returns the values that may match: one at most if the query asks
// for an id, as peers do one by one.
func (s *Store) candidates(key wire.ID, q *wire.Query) []*record {
	h := s.shelves[key]
	if h == nil {
		return nil
	}
	if q == nil || q.Where&wire.FieldID == 0 {
		return h.values
	}
	place, found := h.find(q.Match.ID)
	if !found {
		return nil
	}
	return h.values[place : place+1]
}

func (r *record) matches(q *wire.Query) bool {
	if q == nil || q.IsZero() {
		return true
	}
	row, ok := r.row(q.Where)
	return ok && q.Matches(&row)
}

// row parses the value only if it has to.
func (r *record) row(need wire.Fields) (wire.Row, bool) {
	if need&^(wire.FieldID|wire.FieldType) == 0 {
		return wire.Row{ID: r.id, Type: r.valueType}, true
	}
	v, err := wire.ParseValue(r.packed)
	if err != nil {
		// It was readable when it came, so this does not happen.
		return wire.Row{}, false
	}
	return v.Row(need), true
}
