// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"errors"
	"net/netip"

	"jamibox/dht/wire"
)

// ErrIncomplete is returned for an answer whose values did not arrive in full.
var ErrIncomplete = errors.New("values of the answer did not arrive in full")

// announces reports whether any of the values follows in parts.
func announces(values *wire.ValueList) bool {
	for _, element := range values.All() {
		if element.Packed == nil {
			return true
		}
	}
	return false
}

// expect waits for the values that a message announces and calls done with them,
// or with ErrIncomplete if they do not come in time or take too much memory.
func (s *server) expect(m *wire.Message, from netip.AddrPort, done func([][]byte, error)) {
	a := s.messages.open(assemblyKey{from, m.Transaction}, s.now)
	if a == nil {
		s.counts.lostMessages++
		done(nil, ErrIncomplete)
		return
	}
	if a.done != nil {
		// A repeat, whose parts fill the gaps of the first try.
		return
	}
	a.done = done
	if !s.messages.announce(a, &m.Values) {
		s.lose(a)
		return
	}
	s.complete(a)
}

// takeParts puts parts into their places. Those that come before their header
// are kept only if their source is not forged.
func (s *server) takeParts(m *wire.Message, from netip.AddrPort) {
	key := assemblyKey{from, m.Transaction}
	a := s.messages.byKey[key]
	if a == nil {
		asked := s.requests.byTransaction[m.Transaction]
		if !s.proven.has(from.Addr().WithZone("")) && (asked == nil || asked.to != from) {
			s.counts.refuse(reasonUnasked)
			return
		}
		if a = s.messages.open(key, s.now); a == nil {
			s.counts.lostParts++
			return
		}
	}
	a.touched = s.now
	for part := range m.Parts.All() {
		s.counts.parts++
		kept := false
		if a.done == nil {
			kept = s.messages.keep(a, part)
		} else {
			kept = s.messages.fill(a, part)
		}
		if !kept {
			s.counts.lostParts++
		}
	}
	if a.done != nil {
		s.complete(a)
	}
}

// complete hands a message over if nothing is missing.
func (s *server) complete(a *assembly) {
	if a.missing == 0 {
		s.messages.close(a)
		a.done(a.values(), nil)
	}
}

// lose gives a message up.
func (s *server) lose(a *assembly) {
	s.messages.close(a)
	s.counts.lostMessages++
	if a.done != nil {
		a.done(nil, ErrIncomplete)
	}
}

// collect hands an answer of another node over as soon as it has its values.
func (s *server) collect(r *reply, from netip.AddrPort, done func(reply)) {
	if announces(&r.message.Values) {
		s.expect(&r.message, from, func(values [][]byte, err error) {
			r.values, r.err = values, err
			done(*r)
		})
		return
	}
	for _, element := range r.message.Values.All() {
		r.values = append(r.values, element.Packed)
	}
	done(*r)
}
