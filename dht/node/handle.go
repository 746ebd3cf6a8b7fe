// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"

	"jamibox/dht/limit"
	"jamibox/dht/wire"
)

// smallAnswer is the size in bytes up to which answers are bounded by the number
// of requests alone: it holds the nodes of both families.
const smallAnswer = 1 << 10

// handle does what a datagram asks for, in the order of section 1: what is no
// message of this network is passed over in silence.
func (s *server) handle(datagram []byte, from netip.AddrPort) {
	if !wire.Possible(from) {
		s.counts.refuse(reasonAddress)
		return
	}
	m := &s.message
	s.raw, s.from = datagram, from
	if err := m.Decode(datagram); err != nil {
		s.counts.refuse(reasonOf(err))
		return
	}
	switch {
	case m.Network != s.cfg.Network:
		s.counts.refuse(reasonNetwork)
	case m.Sender == s.id:
		s.counts.refuse(reasonOwnID)
	case m.Kind == wire.KindPart:
		s.takeParts(m, from)
	case m.Kind == wire.KindReply, m.Kind == wire.KindError:
		s.takeAnswer(m, from)
	case !m.Kind.IsRequest():
		// A push in version 0, which our listeners do not ask for.
		s.counts.refuse(reasonUnasked)
	case s.limitsOf(from).Request(from.Addr().WithZone(""), s.now):
		s.counts.requests[m.Kind]++
		if s.table(from).Heard(m.Sender, from, m.Client, s.now) {
			s.ping(from, nil)
		}
		s.serve(m, from)
	}
}

func (s *server) serve(m *wire.Message, from netip.AddrPort) {
	switch m.Kind {
	case wire.KindPing:
		s.reply(m.Transaction, from, s.newAnswer(from))
	case wire.KindUpdate:
		s.serveUpdate(m, from)
	case wire.KindFind:
		s.serveFind(m, from)
	case wire.KindGet:
		s.serveGet(m, from)
	case wire.KindPut:
		s.servePut(m, from)
	case wire.KindRefresh:
		s.serveRefresh(m, from)
	case wire.KindListen:
		s.serveListen(m, from)
	}
}

// newAnswer returns an answer that only says where the asker is seen. It is good
// until the next call.
func (s *server) newAnswer(from netip.AddrPort) *wire.Answer {
	s.answer = wire.Answer{Seen: from.Addr()}
	return &s.answer
}

// addToken gives the asker a token.
func (s *server) addToken(a *wire.Answer, from netip.AddrPort) {
	s.token = s.tokens.Token(from, s.now)
	a.Token = s.token[:]
}

// reply sends an answer, if limits allow it.
func (s *server) reply(transaction uint32, to netip.AddrPort, a *wire.Answer) {
	h := s.header(transaction)
	start := len(s.out.data)
	b := wire.AppendAnswer(s.out.data, h, a)
	size := len(b) - start
	inParts := wire.InParts(a.Values)
	if inParts {
		size += sizeInParts(a.Values)
	}
	if size > smallAnswer && !s.limitsOf(to).Answer(to.Addr().WithZone(""), size, s.now) {
		return
	}
	if inParts {
		s.out.postParts(b, s.source(to), to, h, append([][]byte(nil), a.Values...))
	} else {
		s.out.post(b, s.source(to), to)
	}
}

// limitsOf returns the limits that hold for an address. Those that are not proven
// have their own: a flood from forged ones does not shut the others out.
func (s *server) limitsOf(addr netip.AddrPort) *limit.Limiter {
	if s.proven.has(addr.Addr().WithZone("")) {
		return s.limits
	}
	return s.unproven
}

// refuse answers with an error.
func (s *server) refuse(m *wire.Message, to netip.AddrPort, code uint16, text string) {
	s.counts.refuse(reasonOfCode(code))
	s.out.post(wire.AppendError(s.out.data, s.header(m.Transaction), code, text), s.source(to), to)
}

// allowed reports whether the token of a request is good, and else refuses it.
func (s *server) allowed(m *wire.Message, from netip.AddrPort) bool {
	if !s.tokens.Valid(m.Token, from, s.now) {
		s.refuse(m, from, wire.CodeUnauthorized, "wrong token")
		return false
	}
	s.proven.add(from.Addr().WithZone(""), s.local, s.now)
	return true
}
