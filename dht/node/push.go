// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

// maxPushBytes is the size in bytes of the values in one push; one larger value
// goes by itself.
const maxPushBytes = 56 << 10

func (s *server) serveListen(m *wire.Message, from netip.AddrPort) {
	if m.Key.IsZero() {
		s.refuse(m, from, wire.CodeIncomplete, "listen without key")
		return
	}
	if !s.allowed(m, from) {
		return
	}
	l := storage.Listener{Node: m.Sender, Socket: m.Socket, Addr: from, Version: m.Version, Query: &m.Query}
	first := s.store.Listen(m.Key, l, s.now)
	a := s.newAnswer(from)
	s.addToken(a, from)
	s.reply(m.Transaction, from, a)
	if !first {
		return
	}
	var values [][]byte
	size := 0
	for packed := range s.store.Values(m.Key, &m.Query, s.now) {
		if size += len(packed); size > maxPushBytes && len(values) > 0 {
			s.pushValues(&l, m.Key, values)
			values, size = nil, len(packed)
		}
		values = append(values, packed)
	}
	if len(values) > 0 {
		s.pushValues(&l, m.Key, values)
	}
}

// The pushes implement storage.Pusher, and are called in turn. In version 1 they
// are requests, in version 0 answers to the listen that nobody confirms.
var _ storage.Pusher = (*server)(nil)

// PushValue sends a listener a value.
func (s *server) PushValue(l *storage.Listener, key wire.ID, packed []byte) {
	if l.Node == s.id {
		if own := s.listenings[l.Socket]; own != nil {
			s.hear(own, here, packed)
		}
		return
	}
	s.pushValues(l, key, [][]byte{packed})
}

// PushRefreshed tells a listener which values live on.
func (s *server) PushRefreshed(l *storage.Listener, _ wire.ID, ids []uint64) {
	if l.Node == s.id {
		return // it knows them already
	}
	s.pushIDs(l, ids, wire.AppendRefreshed, wire.AppendRefreshedNote)
}

// PushExpired tells a listener which values are gone.
func (s *server) PushExpired(l *storage.Listener, _ wire.ID, ids []uint64) {
	if l.Node == s.id {
		if own := s.listenings[l.Socket]; own != nil {
			for _, id := range ids {
				s.miss(own, here, id)
			}
		}
		return
	}
	s.pushIDs(l, ids, wire.AppendExpired, wire.AppendExpiredNote)
}

// pushValues takes the slice of values over.
func (s *server) pushValues(l *storage.Listener, key wire.ID, values [][]byte) {
	s.counts.pushes++
	token := s.tokens.Token(l.Addr, s.now)
	var inParts [][]byte
	if wire.InParts(values) {
		inParts = values
	}
	if l.Version == 0 {
		a := wire.Answer{Seen: l.Addr.Addr(), Token: token[:], Values: values}
		s.post(wire.AppendAnswer(s.out.data, s.header(l.Socket), &a), l.Socket, s.source(l.Addr), l.Addr, inParts)
		return
	}
	t := s.newTransaction()
	b := wire.AppendUpdate(s.out.data, s.header(t), l.Socket, token[:], key, values)
	s.sendPush(b, t, l.Addr, inParts)
}

// sendPush sends a push, without repeats if too many wait for an answer.
func (s *server) sendPush(b []byte, transaction uint32, to netip.AddrPort, values [][]byte) {
	if s.requests.crowded(to) {
		s.counts.unrepeated++
		s.post(b, transaction, s.source(to), to, values)
		return
	}
	s.send(b, transaction, to, values, nil)
}

func (s *server) pushIDs(l *storage.Listener, ids []uint64,
	request func([]byte, wire.Header, uint32, []byte, []uint64) []byte,
	note func([]byte, wire.Header, []byte, []uint64) []byte,
) {
	s.counts.pushes++
	token := s.tokens.Token(l.Addr, s.now)
	if l.Version == 0 {
		s.out.post(note(s.out.data, s.header(l.Socket), token[:], ids), s.source(l.Addr), l.Addr)
		return
	}
	t := s.newTransaction()
	s.sendPush(request(s.out.data, s.header(t), l.Socket, token[:], ids), t, l.Addr, nil)
}
