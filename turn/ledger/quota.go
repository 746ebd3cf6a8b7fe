// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

import (
	"errors"
	"time"

	"golang.org/x/time/rate"
)

var (
	// ErrUserQuota is returned by Open when the user has as many allocations
	// as a user may have. It and the next two are answered with 486.
	ErrUserQuota = errors.New("the user has too many allocations")
	// ErrSourceQuota is returned when the client's address has.
	ErrSourceQuota = errors.New("the client's address has too many allocations")
	// ErrTotalQuota is returned when the relay has.
	ErrTotalQuota = errors.New("the relay has too many allocations")
	// ErrRefused is returned when the user is refused by now.
	ErrRefused = errors.New("the user is refused")
)

// Limits bound what clients can claim. Zero is no limit.
type Limits struct {
	// Total, PerUser and PerSource bound the allocations at a time: all, those
	// of a user, those of clients at one IP address.
	Total, PerUser, PerSource int
	// ConnectionsPerAllocation and ConnectionsPerUser bound the TCP data
	// connections at a time.
	ConnectionsPerAllocation, ConnectionsPerUser int
	// BytesPerSecond bounds what a user relays, up and down together.
	BytesPerSecond int64
	// Shared tells the user names that many people use, of whom each IP address
	// counts as a user of its own. Nil for none.
	Shared func(username string) bool
	// Hidden tells the user names of the box itself, whose allocations are
	// neither listed nor counted. Nil for none.
	Hidden func(username string) bool
	// Refused tells the users whose allocations EndUser is asked to end, before
	// it is asked. Nil for none.
	Refused func(username string) bool
	// Idle is the age from which an allocation that never got a permission
	// makes room for another if Total is reached; zero for never.
	Idle time.Duration
}

// user is what the allocations of one user share.
type user struct {
	name        string // in the ledger's users
	entries     map[*Entry]struct{}
	connections int
	limiter     *rate.Limiter
}

// admit returns the new entry, and the one that it took the place of or nil.
func (l *Ledger) admit(o Opening, end func(Reason)) (e, victim *Entry, err error) {
	source := o.Client.Addr().Unmap().WithZone("")
	name := o.Username
	if l.limits.Shared != nil && l.limits.Shared(name) {
		name += "@" + source.String()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.users[name]
	switch {
	case u != nil && reached(len(u.entries), l.limits.PerUser):
		return nil, nil, ErrUserQuota
	case reached(l.sources[source], l.limits.PerSource):
		return nil, nil, ErrSourceQuota
	case reached(l.counted, l.limits.Total):
		if victim = l.evictable(); victim == nil {
			return nil, nil, ErrTotalQuota
		}
		l.release(victim)
		u = l.users[name]
	}
	if u == nil {
		u = &user{name: name, entries: make(map[*Entry]struct{}), limiter: l.limits.limiter()}
		l.users[name] = u
	}
	l.lastID++
	e = &Entry{ledger: l, id: l.lastID, opening: o, source: source, opened: l.now(), end: end, user: u, limiter: u.limiter,
		hidden: l.limits.Hidden != nil && l.limits.Hidden(o.Username)}
	e.idle = l.idle.PushBack(e)
	u.entries[e] = struct{}{}
	l.sources[source]++
	l.counted++
	l.live[e.id] = e
	return e, victim, nil
}

// reached reports whether there is no room for one more.
func reached(n, limit int) bool { return limit > 0 && n >= limit }

// evictable returns the oldest entry that may make room, or nil. The caller
// holds mu.
func (l *Ledger) evictable() *Entry {
	front := l.idle.Front()
	if front == nil || l.limits.Idle == 0 {
		return nil
	}
	if e := front.Value.(*Entry); l.now().Sub(e.opened) >= l.limits.Idle {
		return e
	}
	return nil
}

// release returns the quota that an entry holds, once. The caller holds mu.
func (l *Ledger) release(e *Entry) {
	if e.user == nil {
		return
	}
	l.used(e)
	delete(e.user.entries, e)
	e.user.connections -= int(e.connections.Load())
	if len(e.user.entries) == 0 {
		delete(l.users, e.user.name)
	}
	if l.sources[e.source]--; l.sources[e.source] == 0 {
		delete(l.sources, e.source)
	}
	l.counted--
	e.user = nil
}

// used keeps an entry from being evicted. The caller holds mu.
func (l *Ledger) used(e *Entry) {
	if e.idle != nil {
		l.idle.Remove(e.idle)
		e.idle = nil
	}
}

// leastBurst is room for the largest packet and for a chunk of a connection,
// in bytes.
const leastBurst = 64 << 10

func (l Limits) limiter() *rate.Limiter {
	if l.BytesPerSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(l.BytesPerSecond), int(max(l.BytesPerSecond, leastBurst)))
}
