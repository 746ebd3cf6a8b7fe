// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"

	"jamibox/dht/wire"
)

const (
	// maxListed is how many nodes of each family an answer lists.
	maxListed = 8
	// maxAnswerBytes and maxAnswerValues bound the values of an answer. Peers ask
	// for ids first, and then for each value by its id, if there are many.
	maxAnswerBytes  = 512 << 10
	maxAnswerValues = 4096
	// maxRowsBytes bounds the rows of an answer, which go into one datagram.
	maxRowsBytes = 60000
)

func (s *server) serveFind(m *wire.Message, from netip.AddrPort) {
	if m.Key == m.Sender {
		s.rejoins(m.Sender)
	}
	a := s.newAnswer(from)
	s.addNodes(a, m, from)
	s.addToken(a, from)
	s.reply(m.Transaction, from, a)
}

func (s *server) serveGet(m *wire.Message, from netip.AddrPort) {
	if m.Key.IsZero() {
		s.refuse(m, from, wire.CodeIncomplete, "get without key")
		return
	}
	a := s.newAnswer(from)
	s.addNodes(a, m, from)
	s.addToken(a, from)
	if m.Query.Select != 0 {
		s.addRows(a, m)
	} else {
		s.addValues(a, m, from)
	}
	s.reply(m.Transaction, from, a)
}

// addNodes lists the nodes closest to what is asked for, of the families that
// are asked for.
func (s *server) addNodes(a *wire.Answer, m *wire.Message, from netip.AddrPort) {
	want := m.Want
	if !m.HasWant {
		want = [...]wire.Families{wire.IPv4, wire.IPv6}[familyOf(from)]
	}
	s.nodes = s.nodes[:0]
	if want&wire.IPv4 != 0 {
		s.nodes = s.tables[0].Closest(s.nodes, m.Key, maxListed, s.now)
	}
	if want&wire.IPv6 != 0 {
		s.nodes = s.tables[1].Closest(s.nodes, m.Key, maxListed, s.now)
	}
	a.Nodes = s.nodes
}

// addValues leaves values out that would be too much, but never the first.
func (s *server) addValues(a *wire.Answer, m *wire.Message, from netip.AddrPort) {
	clear(s.values)
	s.values = s.values[:0]
	size, most := 0, maxAnswerBytes
	if limited := s.cfg.Unproven.BytesPerAddress; limited > 0 && !s.proven.has(from.Addr().WithZone("")) {
		most = limited / 2
	}
	for packed := range s.store.Values(m.Key, &m.Query, s.now) {
		if size += len(packed); len(s.values) > 0 && size > most || len(s.values) == maxAnswerValues {
			s.counts.cutAnswers++
			break
		}
		s.values = append(s.values, packed)
	}
	a.Values = s.values
}

func (s *server) addRows(a *wire.Answer, m *wire.Message) {
	clear(s.rows)
	s.rows = s.rows[:0]
	size := 0
	for row := range s.store.Rows(m.Key, &m.Query, s.now) {
		if size += rowSize(m.Query.Select, &row); size > maxRowsBytes {
			s.counts.cutAnswers++
			break
		}
		s.rows = append(s.rows, row)
	}
	a.Select, a.Rows = m.Query.Select, s.rows
}

// rowSize returns the most bytes that the selected fields of a row take.
func rowSize(selected wire.Fields, row *wire.Row) (size int) {
	const id, number, owner, header = 9, 3, 22, 3
	if selected&wire.FieldID != 0 {
		size += id
	}
	if selected&wire.FieldType != 0 {
		size += number
	}
	if selected&wire.FieldOwner != 0 {
		size += owner
	}
	if selected&wire.FieldSeq != 0 {
		size += number
	}
	if selected&wire.FieldUserType != 0 {
		size += header + len(row.UserType)
	}
	return size
}

// sizeInParts returns how many bytes the values take that follow in parts.
func sizeInParts(values [][]byte) (size int) {
	const partSize, partOverhead = 1280, 32
	for _, value := range values {
		size += len(value) + (1+len(value)/partSize)*partOverhead
	}
	return size
}
