// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import "jamibox/turn/ledger"

// Held is what clients have of the relay at present. It is zero once all are
// gone, or the relay has lost something.
type Held struct {
	ledger.Held
	Streams       int // connections over TCP and TLS
	StreamSources int // addresses that these come from
	Ports         int // relayed ports
	Unbound       int // connections with peers that their client has not taken yet
}

// Held returns what clients have, and no streams, ports and connections while
// the relay is not serving.
func (s *Server) Held() Held {
	h := Held{Held: s.ledger.Held()}
	if r := s.live.Load(); r != nil {
		h.Streams, h.StreamSources = r.streams.held()
		h.Ports = r.book.used()
		h.Unbound = r.tcp.Unbound()
	}
	return h
}
