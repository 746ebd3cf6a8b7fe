// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

// Held is what is given out at present. It is zero once all entries are closed,
// or quota has been lost.
type Held struct {
	Entries     int // not closed
	Allocations int // that count towards Limits.Total
	Users       int // with allocations
	Sources     int // client addresses with allocations
	Connections int // TCP data connections of all users
	Idle        int // allocations without a permission
}

// Held returns what is given out.
func (l *Ledger) Held() Held {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := Held{
		Entries:     len(l.live),
		Allocations: l.counted,
		Users:       len(l.users),
		Sources:     len(l.sources),
		Idle:        l.idle.Len(),
	}
	for _, u := range l.users {
		h.Connections += u.connections
	}
	return h
}
