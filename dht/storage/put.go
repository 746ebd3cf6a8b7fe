// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"bytes"
	"net/netip"
	"time"

	"jamibox/dht/wire"
)

// Put stores a copy of the checked value under the key, or what the rules of
// section 10 make of it, and pushes it to listeners. Created is when the value
// was made, now if it is zero or later than that. From is the address that
// counts for quotas and that a service announcement gets; values of an invalid
// address are our own, which are not limited.
func (s *Store) Put(key wire.ID, c *Checked, created time.Time, from netip.Addr, now time.Time) Outcome {
	outcome := s.put(key, c, created, from, now)
	s.counts.puts[outcome]++
	return outcome
}

func (s *Store) put(key wire.ID, c *Checked, created time.Time, from netip.Addr, now time.Time) Outcome {
	if c.refusal.Refused() {
		return c.refusal
	}
	v := c.value
	if v.Type == wire.TypeService && from.IsValid() {
		v = announcedFrom(v, netip.AddrPortFrom(from, c.port))
	}
	old := s.lookup(key, v.ID)
	if old != nil && !old.live(s.at(now)) {
		s.expire(old)
		s.tellGone()
		old = nil
	}
	outcome := s.judge(key, old, c, v)
	if outcome.Refused() {
		return outcome
	}
	if outcome == Refreshed {
		s.refresh(old, now)
		return Refreshed
	}
	expires, ok := s.expiry(v, created, now)
	if !ok {
		return RefusedExpired
	}
	if outcome == Edited {
		s.remove(old)
	}
	s.keep(key, v, expires, from, now)
	return outcome
}

// announcedFrom returns a service announcement that nobody can make for others.
func announcedFrom(v *wire.Value, service netip.AddrPort) *wire.Value {
	announcement := &wire.Value{ID: v.ID, Type: wire.TypeService, Data: wire.ServiceData(service)}
	announcement.Packed = announcement.Append(nil)
	return announcement
}

// judge returns what the rules make of a put of v over old, which may be nil.
func (s *Store) judge(key wire.ID, old *record, c *Checked, v *wire.Value) Outcome {
	if old != nil {
		return old.judgeEdit(c, v)
	}
	if !c.mayLie(key) {
		return RefusedCertificate
	}
	if h := s.shelves[key]; h != nil && len(h.values) >= s.limits.ValuesPerKey {
		return RefusedFullKey
	}
	return Stored
}

// judgeEdit applies the edit rule of the stored value's type, unless the new
// value is the same.
func (r *record) judgeEdit(c *Checked, v *wire.Value) Outcome {
	if bytes.Equal(r.packed, v.Packed) {
		return Refreshed
	}
	stored, err := wire.ParseValue(r.packed)
	if err != nil {
		// It was readable when it came, so this does not happen.
		return RefusedEdit
	}
	switch {
	case stored.SameContent(v):
		return Refreshed
	case r.kind == kindCertificate:
		// A certificate for the key under which the old one lies has the same
		// public key.
		if v.Type != wire.TypeCertificate || !c.mayLie(r.shelf.key) {
			return RefusedCertificate
		}
		return Edited
	case r.kind == kindService || !stored.Signed():
		return RefusedEdit
	case !bytes.Equal(stored.Owner, v.Owner):
		return RefusedOwner
	case !c.signed:
		return RefusedSignature
	case v.Seq <= stored.Seq:
		// With the same number and body the signature, which is unique, would
		// make it the same value.
		return RefusedSequence
	}
	return Edited
}

// expiry returns when the value expires, and false if that is over.
func (s *Store) expiry(v *wire.Value, created, now time.Time) (time.Duration, bool) {
	life := Life(v.Type)
	var age time.Duration
	if !created.IsZero() {
		age = max(0, now.Sub(created))
	}
	return s.at(now) - age + life, age < life
}

// keep stores a copy of the value, tells listeners and makes room.
func (s *Store) keep(key wire.ID, v *wire.Value, expires time.Duration, from netip.Addr, now time.Time) {
	s.pushValue(s.insert(key, v, expires, from), v)
	s.shrink(now)
}

// Refresh lets a value live as long as a new one and tells listeners. Found
// reports whether the value is there, known whether anything is under the key
// (section 3, error 404).
func (s *Store) Refresh(key wire.ID, id uint64, now time.Time) (found, known bool) {
	r := s.lookup(key, id)
	if r == nil || !r.live(s.at(now)) {
		return false, s.shelves[key] != nil
	}
	s.refresh(r, now)
	return true, true
}

func (s *Store) refresh(r *record, now time.Time) {
	s.sources.extend(r, max(r.expires, s.at(now)+r.kind.life()))
	s.pushRefreshed(r)
}
