// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"
	"sync/atomic"

	"jamibox/dht/wire"
)

// maxIdleOutbox is the memory in bytes that an outbox keeps for the next turn.
const maxIdleOutbox = 1 << 20

// outbox holds what a turn wants to send until the turn is over. It is for one
// goroutine, but in the turn for whoever has that.
type outbox struct {
	senders [2]*sender // by family; nil where there is no socket
	unsent  *atomic.Uint64

	data    []byte // of the letters, one after the other
	letters []letter
	parts   []byte // datagrams that a sender holds
	part    [partRoom]byte
}

// partRoom has room for a part.
const partRoom = 1536

// letter is a datagram, and the values that follow it in parts.
type letter struct {
	from   netip.Addr // invalid: the system chooses
	to     netip.AddrPort
	end    int // in data
	header wire.Header
	values [][]byte
}

func newOutbox(s *server) *outbox {
	o := &outbox{unsent: &s.unsent}
	for family, socket := range s.sockets {
		if socket != nil {
			o.senders[family] = newSender(socket)
		}
	}
	return o
}

// post takes a datagram that was appended to o.data, which b is now. It goes out
// from an address of ours, or one that the system chooses if from is invalid.
func (o *outbox) post(b []byte, from netip.Addr, to netip.AddrPort) {
	o.data = b
	o.letters = append(o.letters, letter{from: from, to: to, end: len(b)})
}

// postParts is post for a datagram with the given header that announces values
// in parts. The values must not change until they have been sent.
func (o *outbox) postParts(b []byte, from netip.Addr, to netip.AddrPort, header wire.Header, values [][]byte) {
	o.data = b
	o.letters = append(o.letters, letter{from: from, to: to, end: len(b), header: header, values: values})
}

// flush sends everything, and is called out of turn.
func (o *outbox) flush() {
	if len(o.letters) == 0 {
		return
	}
	start := 0
	for i := range o.letters {
		l := &o.letters[i]
		sender := o.senders[familyOf(l.to)]
		if sender == nil {
			o.unsent.Add(1)
		} else {
			o.send(sender, l, o.data[start:l.end])
		}
		start = l.end
	}
	o.empty()
	clear(o.letters)
	o.letters = o.letters[:0]
	o.data = o.data[:0]
	if cap(o.data) > maxIdleOutbox {
		o.data = nil
	}
	if cap(o.parts) > maxIdleOutbox {
		o.parts = nil
	}
}

func (o *outbox) send(sender *sender, l *letter, datagram []byte) {
	if sender.addFrom(datagram, l.from, l.to) {
		o.empty()
	}
	if l.values == nil {
		return
	}
	for part := range wire.Parts(o.part[:0], l.header, l.values) {
		// If append moves them, the sender still has the old place.
		start := len(o.parts)
		o.parts = append(o.parts, part...)
		if sender.addFrom(o.parts[start:], l.from, l.to) {
			o.empty()
		}
	}
}

// empty has the senders send all that they hold.
func (o *outbox) empty() {
	for _, sender := range o.senders {
		if sender == nil {
			continue
		}
		if unsent := sender.flush(); unsent > 0 {
			o.unsent.Add(uint64(unsent))
		}
	}
	o.parts = o.parts[:0]
}

// familyOf returns the place of the address's family in pairs of all kinds.
func familyOf(addr netip.AddrPort) int {
	if addr.Addr().Is4() {
		return 0
	}
	return 1
}
