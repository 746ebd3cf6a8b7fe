// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/auth"
	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

const (
	// coreLifetime is the longest that pion/turn v3 grants.
	coreLifetime = maxLifetime - time.Second
	// coreMargin is how long before pion's timer an allocation is prolonged
	// there: an allocation that pion closes in the goroutine of a timer may
	// take the process with it.
	coreMargin = 5 * time.Minute
	// expiryStep is the shortest time between two looks at what has expired.
	expiryStep = time.Second
)

// session is an allocation with its client. It belongs to pion's read loop.
type session struct {
	client      netip.AddrPort
	addr        *net.UDPAddr // stands for the client in pion, always this very pointer
	identity    *auth.Identity
	transaction [stun.TransactionIDSize]byte // of the Allocate request
	family      message.Family
	lifetime    time.Duration // as granted at first
	expires     time.Time
	coreExpires time.Time // when pion's timer would fire
	entry       *ledger.Entry
	endpoint    *endpoint
	grants      grants
	ending      bool
	reason      ledger.Reason // why it ends
}

func newSession(r *request, family message.Family, lifetime time.Duration) *session {
	return &session{
		client:      r.client,
		addr:        r.core.newAddr(),
		identity:    r.identity,
		transaction: r.TransactionID,
		family:      family,
		lifetime:    lifetime,
		expires:     time.Now().Add(lifetime),
	}
}

// newAddr makes up an address that pion has not seen. A client's own would not
// do: the goroutine of a relayed socket that was closed has pion delete the
// allocation of its client once more, which may be the next one by then.
func (c *core) newAddr() *net.UDPAddr {
	c.count++
	// Of 16 bytes, and IPv4: pion makes a text of it for each packet.
	ip := net.IPv4(byte(c.count>>40), byte(c.count>>32), byte(c.count>>24), byte(c.count>>16))
	return &net.UDPAddr{IP: ip, Port: int(uint16(c.count))}
}

// granted returns what the success of an Allocate request tells.
func (s *session) granted() []stun.Setter {
	return []stun.Setter{
		message.RelayedAddress(s.endpoint.relayed),
		message.LifetimeOf(s.lifetime),
		message.MappedAddress(s.client),
	}
}

func (s *session) extend(lifetime time.Duration) {
	s.expires = time.Now().Add(lifetime)
	s.entry.Extend(s.expires)
}

// lifetime returns what is granted to who wants that much, or 0 for no wish.
func (c *core) lifetime(wanted time.Duration) time.Duration {
	return min(max(wanted, c.cfg.Lifetimes.Default), c.cfg.Lifetimes.Max)
}

func (c *core) remember(s *session) {
	c.sessions[s.client] = s
	c.byAddr.Store(s.addr, s)
}

func (c *core) forget(s *session) {
	delete(c.sessions, s.client)
	c.byAddr.Delete(s.addr)
}

// prolong has pion keep an allocation for as long as it can.
func (c *core) prolong(s *session, done func(granted bool)) {
	c.ask(s, stun.MethodRefresh, func(granted bool) {
		if granted {
			s.coreExpires = time.Now().Add(coreLifetime)
		}
		done(granted)
	}, message.LifetimeOf(coreLifetime))
}

// terminate has pion end an allocation, which closes its relayed socket and its
// entry in the ledger; then is called afterwards.
func (c *core) terminate(s *session, reason ledger.Reason, then func()) {
	if s.ending {
		return
	}
	s.ending, s.reason = true, reason
	c.ask(s, stun.MethodRefresh, func(granted bool) {
		c.forget(s)
		if !granted {
			// Harmless now that no request can reach pion for it.
			_ = s.endpoint.Close()
		}
		then()
	}, message.LifetimeOf(0))
}

// schedule sees to it that the allocation is looked at when it expires.
func (c *core) schedule(s *session) {
	at := s.expires
	if limit := s.coreExpires.Add(-coreMargin); limit.Before(at) {
		at = limit
	}
	if c.next.IsZero() || at.Before(c.next) {
		c.next = at
		c.timer.Reset(max(time.Until(at), expiryStep))
	}
}

// expire ends the allocations whose end was asked for or has come.
func (c *core) expire(now time.Time) {
	for _, s := range c.takeEnding() {
		if c.sessions[s.client] == s {
			// Unless the ledger asked, and knows why, its socket failed.
			c.terminate(s, ledger.Failed, func() {})
		}
	}
	if now.Before(c.next) {
		return
	}
	c.next = time.Time{}
	for _, s := range c.sessions {
		switch {
		case s.ending:
		case !now.Before(s.expires):
			c.terminate(s, ledger.Expired, func() {})
		case s.coreExpires.Sub(now) <= coreMargin:
			c.prolong(s, func(granted bool) {
				if granted {
					c.schedule(s)
				} else {
					c.terminate(s, ledger.Failed, func() {})
				}
			})
		default:
			c.schedule(s)
		}
	}
}
