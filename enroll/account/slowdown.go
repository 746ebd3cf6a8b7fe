// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrTooManyAttempts tells that too many attempts wait for their answer already.
var ErrTooManyAttempts = errors.New("too many attempts at once; wait a moment and try again")

const (
	// Devices retry by themselves, so the first wrong passwords cost nothing.
	freeFailures = 3
	// An office behind one address makes more mistakes than one person.
	freeFailuresOfAddress = 30
	firstDelay            = 250 * time.Millisecond
	maxDelay              = 5 * time.Second
	forgetAfter           = 15 * time.Minute
	maxWaiters            = 4
	maxWaitersOfAddress   = 32
	maxTracked            = 10_000
)

// slowdown makes wrong passwords slow, for a user from one address and for an
// address as a whole. It never locks anyone out: the right password from
// another address is answered at once, from the same one after the delay.
type slowdown struct {
	mu      sync.Mutex
	entries map[origin]*failures // guarded by mu
	now     func() time.Time
}

// origin is where attempts come from: a user from an address, or the address
// as a whole.
type origin struct {
	remote, user string
	whole        bool
}

type failures struct {
	count   int
	last    time.Time
	waiters int
}

func newSlowdown() *slowdown {
	return &slowdown{entries: make(map[origin]*failures), now: time.Now}
}

// originsOf returns the two that an attempt counts for.
func originsOf(user, remote string) (pair, address origin) {
	return origin{remote: remote, user: clip(user)}, origin{remote: remote, whole: true}
}

// wait holds an attempt back for as long as earlier failures demand.
func (s *slowdown) wait(ctx context.Context, user, remote string) error {
	pair, address := originsOf(user, remote)
	s.mu.Lock()
	delay := max(s.delay(pair, freeFailures), s.delay(address, freeFailuresOfAddress))
	if delay == 0 {
		s.mu.Unlock()
		return nil
	}
	p := s.entry(pair)
	p.waiters++
	a := s.entry(address)
	a.waiters++
	crowded := p.waiters > maxWaiters || a.waiters > maxWaitersOfAddress
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		p.waiters--
		a.waiters--
		s.mu.Unlock()
	}()
	if crowded {
		return ErrTooManyAttempts
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// delay returns how long an attempt must wait; s.mu is held.
func (s *slowdown) delay(from origin, free int) time.Duration {
	e := s.entries[from]
	if e == nil || e.count < free || s.now().Sub(e.last) > forgetAfter {
		return 0
	}
	return min(firstDelay<<min(e.count-free, 10), maxDelay)
}

// entry returns the record of an origin; s.mu is held.
func (s *slowdown) entry(from origin) *failures {
	if e := s.entries[from]; e != nil {
		return e
	}
	if len(s.entries) >= maxTracked {
		s.makeRoom()
	}
	e := &failures{last: s.now()}
	s.entries[from] = e
	return e
}

// makeRoom drops the records that are out of date and, if that is not enough,
// any others, to three quarters; s.mu is held. Records with waiters stay: they
// are few, since each address has its limit.
func (s *slowdown) makeRoom() {
	for from, e := range s.entries {
		if e.waiters == 0 && s.now().Sub(e.last) > forgetAfter {
			delete(s.entries, from)
		}
	}
	for from, e := range s.entries {
		if len(s.entries) <= maxTracked*3/4 {
			return
		}
		if e.waiters == 0 {
			delete(s.entries, from)
		}
	}
}

// failed notes a wrong password. Those that are slowed already for the user do
// not count for the address: one forgotten device must not slow down an office.
func (s *slowdown) failed(user, remote string) {
	pair, address := originsOf(user, remote)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count(pair) <= freeFailures {
		s.count(address)
	}
}

// count adds a failure to an origin and returns how many there are; s.mu is held.
func (s *slowdown) count(from origin) int {
	e := s.entry(from)
	if s.now().Sub(e.last) > forgetAfter {
		e.count = 0
	}
	e.count++
	e.last = s.now()
	return e.count
}

// succeeded forgets the failures of a user from this address.
func (s *slowdown) succeeded(user, remote string) {
	pair, _ := originsOf(user, remote)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[pair]; e != nil {
		e.count = 0
	}
}

// forgive forgets the failures of a user from everywhere.
func (s *slowdown) forgive(user string) {
	pair, _ := originsOf(user, "")
	s.mu.Lock()
	defer s.mu.Unlock()
	for from, e := range s.entries {
		if from.user == pair.user && !from.whole {
			e.count = 0
		}
	}
}
