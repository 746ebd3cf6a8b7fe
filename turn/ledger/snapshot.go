// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

import (
	"cmp"
	"slices"
)

// remembered is how many closed allocations the history holds.
const remembered = 256

// history is a ring of closed allocations.
type history struct {
	ring []Allocation
	next int // where the oldest is, once the ring is full
}

func (h *history) add(a Allocation) {
	if len(h.ring) < remembered {
		h.ring = append(h.ring, a)
		return
	}
	h.ring[h.next] = a
	h.next = (h.next + 1) % remembered
}

// newestFirst returns a copy.
func (h *history) newestFirst() []Allocation {
	all := slices.Concat(h.ring[h.next:], h.ring[:h.next])
	slices.Reverse(all)
	return all
}

// Live returns the allocations that are granted and not closed, oldest first.
func (l *Ledger) Live() []Allocation {
	entries := l.entries()
	live := make([]Allocation, 0, len(entries))
	for _, e := range entries {
		if a, ok := e.snapshot(); ok {
			live = append(live, a)
		}
	}
	slices.SortFunc(live, func(a, b Allocation) int { return cmp.Compare(a.ID, b.ID) })
	return live
}

// History returns the 256 allocations that were closed last, newest first.
func (l *Ledger) History() []Allocation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed.newestFirst()
}

// snapshot describes the entry if it is granted and neither closed nor hidden.
func (e *Entry) snapshot() (Allocation, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.describe(), e.relayed.IsValid() && !e.closed && !e.hidden
}

// describe must be called with mu held.
func (e *Entry) describe() Allocation {
	peers := make([]string, 0, len(e.peers))
	for _, p := range e.peers {
		if p.Port() == 0 {
			peers = append(peers, p.Addr().String())
		} else {
			peers = append(peers, p.String())
		}
	}
	return Allocation{
		ID:          e.id,
		Username:    e.opening.Username,
		Client:      e.opening.Client,
		Server:      e.opening.Server,
		Relayed:     e.relayed,
		Over:        e.opening.Over,
		Protocol:    e.opening.Protocol,
		Peers:       peers,
		Up:          e.up.load(),
		Down:        e.down.load(),
		Denied:      e.denied.Load(),
		Connections: int(e.connections.Load()),
		Opened:      e.opened,
		Expires:     e.expires,
	}
}
