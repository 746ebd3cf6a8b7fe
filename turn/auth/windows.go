// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"sync"
	"time"
)

// windows counts events by key, each key within a window of time that starts
// with its first event. Safe for concurrent use.
type windows[K comparable] struct {
	limit  int // per window; 0: none
	length time.Duration
	room   int // for keys
	now    func() time.Time

	mu      sync.Mutex
	byKey   map[K]window // guarded by mu
	arrived []K          // the keys of byKey, a ring once it is full; guarded by mu
	oldest  int          // in arrived; guarded by mu
}

type window struct {
	ends   time.Time
	events int
}

func newWindows[K comparable](limit int, length time.Duration, room int, now func() time.Time) *windows[K] {
	return &windows[K]{limit: limit, length: length, room: max(room, 1), now: now, byKey: make(map[K]window)}
}

// count adds an event and reports whether it is within the limit.
func (w *windows[K]) count(key K) bool {
	if w.limit == 0 {
		return true
	}
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	current, ok := w.byKey[key]
	if !ok {
		w.makeRoom(key)
	}
	if !now.Before(current.ends) {
		current = window{ends: now.Add(w.length)}
	}
	within := current.events < w.limit
	if within {
		current.events++
	}
	w.byKey[key] = current
	return within
}

// makeRoom forgets the key that arrived first if there is no room for another.
// w.mu is held.
func (w *windows[K]) makeRoom(key K) {
	if len(w.arrived) < w.room {
		w.arrived = append(w.arrived, key)
		return
	}
	delete(w.byKey, w.arrived[w.oldest])
	w.arrived[w.oldest] = key
	w.oldest = (w.oldest + 1) % w.room
}
