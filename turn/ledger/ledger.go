// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

import (
	"container/list"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Opening is what an allocation is opened with.
type Opening struct {
	Username string
	Client   netip.AddrPort
	Server   netip.AddrPort
	Over     Transport
	Protocol Protocol
}

// Ledger holds all allocations of a relay. Safe for concurrent use.
type Ledger struct {
	limits Limits
	now    func() time.Time
	count  counters

	mu      sync.Mutex
	lastID  uint64             // guarded by mu
	live    map[uint64]*Entry  // guarded by mu
	counted int                // entries that hold quota; guarded by mu
	users   map[string]*user   // of entries that hold quota; guarded by mu
	sources map[netip.Addr]int // entries that hold quota; guarded by mu
	idle    *list.List         // of *Entry without permission, oldest first; guarded by mu
	closed  history            // guarded by mu
	drained []chan<- struct{}  // closed when live is empty; guarded by mu
	past    map[Protocol]Flow  // of closed entries; guarded by mu
}

// New returns an empty ledger with a clock, [time.Now] but in tests.
func New(limits Limits, now func() time.Time) *Ledger {
	return &Ledger{
		limits:  limits,
		now:     now,
		live:    make(map[uint64]*Entry),
		users:   make(map[string]*user),
		sources: make(map[netip.Addr]int),
		idle:    list.New(),
		past:    map[Protocol]Flow{UDP: {}, TCP: {}},
	}
}

// Open claims the quota for an allocation. The caller must Close the entry.
// The error is ErrUserQuota, ErrSourceQuota, ErrTotalQuota or ErrRefused.
//
// end is called at most once, when the ledger wants the allocation gone: the
// caller is to end it and to Close the entry, at once or soon. It must not
// block, and may come from any goroutine from now on, so before Open returned
// and while Close is under way.
func (l *Ledger) Open(o Opening, end func(Reason)) (*Entry, error) {
	e, victim, err := l.admit(o, end)
	if err != nil {
		l.count.quotaRefusals.Add(1)
		return nil, err
	}
	if victim != nil {
		victim.demand(Evicted)
	}
	// Asked now that EndUser would find the entry, so that no allocation slips
	// in between the refusal of a user and the end of what he has.
	if l.limits.Refused != nil && l.limits.Refused(o.Username) {
		e.Close(Revoked)
		return nil, ErrRefused
	}
	return e, nil
}

// close takes the entry out of the live ones.
func (l *Ledger) close(e *Entry, last Allocation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release(e)
	delete(l.live, e.id)
	if !e.hidden {
		l.past[e.opening.Protocol] = l.past[e.opening.Protocol].plus(e.flow())
	}
	if last.Relayed.IsValid() && !e.hidden {
		l.closed.add(last)
	}
	if len(l.live) == 0 {
		for _, waiting := range l.drained {
			close(waiting)
		}
		l.drained = nil
	}
}

// End asks for the end of a live allocation; false if there is none of that
// number.
func (l *Ledger) End(id uint64, reason Reason) bool {
	l.mu.Lock()
	e := l.live[id]
	l.mu.Unlock()
	if e == nil {
		return false
	}
	e.demand(reason)
	return true
}

// EndUser asks for the end of all allocations of a user, and returns how many
// were asked for now.
func (l *Ledger) EndUser(username string, reason Reason) int {
	l.mu.Lock()
	var entries []*Entry
	if u := l.users[username]; u != nil {
		entries = slices.Collect(maps.Keys(u.entries))
	}
	l.mu.Unlock()
	return demandAll(entries, reason)
}

// EndAll asks for the end of all allocations, and returns how many were asked
// for now.
func (l *Ledger) EndAll(reason Reason) int { return demandAll(l.entries(), reason) }

func demandAll(entries []*Entry, reason Reason) int {
	n := 0
	for _, e := range entries {
		if e.demand(reason) {
			n++
		}
	}
	return n
}

func (l *Ledger) entries() []*Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.live))
}

// Len returns how many entries are not closed.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.live)
}

// Drained returns a channel that is closed the next time all entries are
// closed, which may be now.
func (l *Ledger) Drained() <-chan struct{} {
	drained := make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.live) == 0 {
		close(drained)
	} else {
		l.drained = append(l.drained, drained)
	}
	return drained
}
