// SPDX-License-Identifier: GPL-3.0-or-later

package storage

// Stats is what a Store holds, and what it did since it was made.
type Stats struct {
	Keys, Values, Listeners, Sources int
	// Bytes is what counts against Limits.Bytes.
	Bytes int64
	// Types has the values of each type that nodes know rules of, and the rest
	// of them as the last.
	Types []TypeStats
	// Puts counts them by what became of them.
	Puts map[Outcome]uint64
	// Expired and Evicted count values.
	Expired, Evicted uint64
	// ListenersRefused counts listens with unreasonable queries,
	// ListenersEvicted those that gave way to newer ones.
	ListenersRefused, ListenersEvicted uint64
}

// TypeStats is what is held of one type.
type TypeStats struct {
	Name   string
	Values int
	Bytes  int64 // as they count for limits, our own values included
}

type counts struct {
	types                              [kinds]TypeStats // without names
	puts                               [outcomes]uint64
	expired, evicted                   uint64
	listenersRefused, listenersEvicted uint64
}

func (c *counts) add(r *record) {
	c.types[r.kind].Values++
	c.types[r.kind].Bytes += r.cost()
}

func (c *counts) remove(r *record) {
	c.types[r.kind].Values--
	c.types[r.kind].Bytes -= r.cost()
}

// Stats returns the figures of now.
func (s *Store) Stats() Stats {
	stats := Stats{
		Keys:             len(s.shelves),
		Listeners:        s.listeners.Len(),
		Sources:          len(s.sources.byAddr),
		Bytes:            s.sources.bytes,
		Types:            make([]TypeStats, kinds),
		Puts:             make(map[Outcome]uint64, outcomes),
		Expired:          s.counts.expired,
		Evicted:          s.counts.evicted,
		ListenersRefused: s.counts.listenersRefused,
		ListenersEvicted: s.counts.listenersEvicted,
	}
	for k, t := range s.counts.types {
		t.Name = kind(k).String()
		stats.Types[k] = t
		stats.Values += t.Values
	}
	for o, n := range s.counts.puts {
		stats.Puts[Outcome(o)] = n
	}
	return stats
}
