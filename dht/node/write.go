// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"
	"time"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

// put is a put request without its values.
type put struct {
	from        netip.AddrPort
	transaction uint32
	key         wire.ID
	created     time.Time // zero: now
}

func (s *server) servePut(m *wire.Message, from netip.AddrPort) {
	if m.Key.IsZero() {
		s.refuse(m, from, wire.CodeIncomplete, "put without key")
		return
	}
	if !s.allowed(m, from) {
		return
	}
	p := put{from: from, transaction: m.Transaction, key: m.Key}
	if m.Created > 0 {
		p.created = time.Unix(m.Created, 0)
	}
	if announces(&m.Values) {
		s.expect(m, from, func(values [][]byte, _ error) { s.putAll(&p, values) })
		return
	}
	for _, element := range m.Values.All() {
		if !s.put(&p, element.Packed) {
			return
		}
	}
}

func (s *server) putAll(p *put, values [][]byte) {
	for _, packed := range values {
		if !s.put(p, packed) {
			return
		}
	}
}

// put stores a value, if the rules allow it, and answers as if they did: the
// asker must not go elsewhere. It returns false for a request that is to be
// refused.
func (s *server) put(p *put, packed []byte) bool {
	v, err := wire.ParseValue(packed)
	if err != nil {
		s.counts.unreadable++
		return true
	}
	if v.ID == 0 {
		s.refuse(&wire.Message{Transaction: p.transaction}, p.from, wire.CodeIncomplete, "put of value without id")
		return false
	}
	if slow(&v) {
		s.check(p, &v)
		return true
	}
	s.value = v
	checked := storage.Check(&s.value)
	s.store.Put(p.key, &checked, p.created, p.from.Addr(), s.now)
	s.confirm(p, v.ID)
	return true
}

// confirm answers a put, once for each value.
func (s *server) confirm(p *put, valueID uint64) {
	a := s.newAnswer(p.from)
	a.ValueID = valueID
	s.reply(p.transaction, p.from, a)
}

func (s *server) serveRefresh(m *wire.Message, from netip.AddrPort) {
	if !s.allowed(m, from) {
		return
	}
	if _, known := s.store.Refresh(m.Key, m.ValueID, s.now); !known {
		s.refuse(m, from, wire.CodeNotFound, "nothing is stored under this key")
		return
	}
	a := s.newAnswer(from)
	a.ValueID = m.ValueID
	s.reply(m.Transaction, from, a)
}
