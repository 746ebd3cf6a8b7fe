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
	maxTracked            = 10_000
)

// slowdown makes wrong passwords slow, for a user from one address and for an
// address as a whole. It never locks anyone out: the right password from
// another address is answered at once, from the same one after the delay.
type slowdown struct {
	mu      sync.Mutex
	entries map[string]*failures // guarded by mu
	now     func() time.Time
}

type failures struct {
	count   int
	last    time.Time
	waiters int
}

func newSlowdown() *slowdown {
	return &slowdown{entries: make(map[string]*failures), now: time.Now}
}

func pairKey(user, remote string) string { return user + "\x00" + remote }

// wait holds an attempt back for as long as earlier failures demand.
func (s *slowdown) wait(ctx context.Context, user, remote string) error {
	key := pairKey(user, remote)
	s.mu.Lock()
	delay := max(s.delay(key, freeFailures), s.delay(remote, freeFailuresOfAddress))
	if delay == 0 {
		s.mu.Unlock()
		return nil
	}
	e := s.entry(key)
	if e.waiters >= maxWaiters {
		s.mu.Unlock()
		return ErrTooManyAttempts
	}
	e.waiters++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		e.waiters--
		s.mu.Unlock()
	}()
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
func (s *slowdown) delay(key string, free int) time.Duration {
	e := s.entries[key]
	if e == nil || e.count < free || s.now().Sub(e.last) > forgetAfter {
		return 0
	}
	return min(firstDelay<<min(e.count-free, 10), maxDelay)
}

// entry returns the record of key, making room if there are too many; s.mu is held.
func (s *slowdown) entry(key string) *failures {
	if e := s.entries[key]; e != nil {
		return e
	}
	if len(s.entries) >= maxTracked {
		for k, e := range s.entries {
			if e.waiters == 0 && (s.now().Sub(e.last) > forgetAfter || len(s.entries) >= maxTracked) {
				delete(s.entries, k)
			}
			if len(s.entries) <= maxTracked*3/4 {
				break
			}
		}
	}
	e := new(failures)
	s.entries[key] = e
	return e
}

// failed notes a wrong password.
func (s *slowdown) failed(user, remote string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range []string{pairKey(user, remote), remote} {
		e := s.entry(key)
		if s.now().Sub(e.last) > forgetAfter {
			e.count = 0
		}
		e.count++
		e.last = s.now()
	}
}

// succeeded forgets the failures of a user from this address.
func (s *slowdown) succeeded(user, remote string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[pairKey(user, remote)]; e != nil {
		e.count = 0
	}
}

// forgive forgets the failures of a user from everywhere.
func (s *slowdown) forgive(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	prefix := pairKey(user, "")
	for key, e := range s.entries {
		if len(key) >= len(prefix) && key[:len(prefix)] == prefix {
			e.count = 0
		}
	}
}
