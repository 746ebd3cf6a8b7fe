// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"slices"
	"time"
)

// Expire drops values and listeners whose time is over, tells the listeners of
// the values, and returns when to call it again: now or earlier if there was too
// much for one call, the zero time if nothing is left to expire.
func (s *Store) Expire(now time.Time) (next time.Time) {
	at := s.at(now)
	for range expireBatch {
		l := s.oldestListener()
		if l == nil || l.heard+listenerLife > at {
			break
		}
		s.dismiss(l)
	}
	s.expireValues(at)
	return s.next()
}

func (s *Store) expireValues(at time.Duration) {
	for range expireBatch {
		r := s.sources.nextExpiry()
		if r == nil || r.live(at) {
			break
		}
		s.expire(r)
	}
	s.tellGone()
}

func (s *Store) next() time.Time {
	l, r := s.oldestListener(), s.sources.nextExpiry()
	switch {
	case l == nil && r == nil:
		return time.Time{}
	case l == nil || r != nil && r.expires < l.heard+listenerLife:
		return s.epoch.Add(r.expires)
	default:
		return s.epoch.Add(l.heard + listenerLife)
	}
}

// shrink evicts what is too much, after what has expired.
func (s *Store) shrink(now time.Time) {
	if s.sources.bytes <= s.limits.Bytes {
		return
	}
	s.expireValues(s.at(now))
	for s.sources.bytes > s.limits.Bytes {
		s.counts.evicted++
		s.drop(s.sources.nextEviction())
	}
	s.tellGone()
}

func (s *Store) expire(r *record) {
	s.counts.expired++
	s.drop(r)
}

// drop removes a value, of which tellGone tells the listeners.
func (s *Store) drop(r *record) {
	s.remove(r)
	h := r.shelf
	if h.audience == nil {
		s.tidy(h)
		return
	}
	if len(h.audience.gone) == 0 {
		s.gone = append(s.gone, h)
	}
	h.audience.gone = append(h.audience.gone, r.id)
}

// tellGone tells listeners of the dropped values, many at once.
func (s *Store) tellGone() {
	for _, h := range s.gone {
		for ids := range slices.Chunk(h.audience.gone, MaxNoteIDs) {
			for _, l := range h.audience.listeners {
				s.pusher.PushExpired(&l.Listener, h.key, ids)
			}
		}
		h.audience.gone = nil
	}
	clear(s.gone)
	s.gone = s.gone[:0]
}
