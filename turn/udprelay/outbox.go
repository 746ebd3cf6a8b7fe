// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"encoding/binary"
	"net/netip"
	"sync"

	"jamibox/turn/message"
)

const (
	// boxSize and boxPackets bound what is sent at a time.
	boxSize    = 64 << 10
	boxPackets = 64
)

// carrier sends what is in a box. It may be called by several goroutines at a
// time, each with a box of its own.
type carrier interface{ carry(b *box) }

// outbox gathers messages so that they leave in few system calls. It takes a box
// from the pool only while it holds any.
type outbox struct {
	pool    *sync.Pool // of *box
	carrier carrier
	count   func(packets, bytes int) // told what is sent, beforehand
	box     *box                     // nil while there is nothing in it
}

// box holds messages one after the other.
type box struct {
	data    []byte
	entries []entry
	payload int   // what counts of data
	batch   batch // for the carrier
}

type entry struct {
	end int // in data
	to  netip.AddrPort
}

func newBox() *box {
	return &box{data: make([]byte, 0, boxSize), entries: make([]entry, 0, boxPackets)}
}

// add copies a message, to be sent by flush at the latest. payload is what
// counts of its bytes.
func (o *outbox) add(msg []byte, to netip.AddrPort, payload int) {
	b := o.room(len(msg))
	b.data = append(b.data, msg...)
	b.put(to, payload)
}

// addChannelData adds a ChannelData message (RFC 8656, section 12.4), with the
// padding that it needs over a stream.
func (o *outbox) addChannelData(number uint16, payload []byte, to netip.AddrPort) {
	var padding [3]byte
	b := o.room(channelDataHead + len(payload) + len(padding))
	b.data = binary.BigEndian.AppendUint16(b.data, number)
	b.data = binary.BigEndian.AppendUint16(b.data, uint16(len(payload)))
	b.data = append(b.data, payload...)
	b.data = append(b.data, padding[:-len(payload)&3]...)
	b.put(to, len(payload))
}

// room returns a box that holds so many bytes more.
func (o *outbox) room(size int) *box {
	if o.box != nil && (len(o.box.entries) == boxPackets || len(o.box.data)+size > boxSize) {
		o.carry()
	}
	if o.box == nil {
		o.box = o.pool.Get().(*box)
	}
	return o.box
}

// put says that what was appended to data is a message.
func (b *box) put(to netip.AddrPort, payload int) {
	b.entries = append(b.entries, entry{len(b.data), to})
	b.payload += payload
}

// flush sends all.
func (o *outbox) flush() {
	if o.box != nil {
		o.carry()
	}
}

func (o *outbox) carry() {
	o.count(len(o.box.entries), o.box.payload)
	o.carrier.carry(o.box)
	o.box.data, o.box.entries, o.box.payload = o.box.data[:0], o.box.entries[:0], 0
	o.pool.Put(o.box)
	o.box = nil
}

// pools hold what is needed only while packets pass.
type pools struct {
	boxes   sync.Pool // of *box
	clients sync.Pool // of *arrivals from listening sockets
	relayed sync.Pool // of *arrivals from relayed sockets
	frames  sync.Pool // of *[]byte
}

// maxPacket is what pion/turn v3 reads of a relayed socket, in bytes.
const maxPacket = 1600

func newPools() *pools {
	return &pools{
		boxes:   sync.Pool{New: func() any { return newBox() }},
		clients: sync.Pool{New: func() any { return newArrivals(inboundMTU) }},
		relayed: sync.Pool{New: func() any { return newArrivals(maxPacket) }},
		frames:  sync.Pool{New: func() any { b := make([]byte, message.MaxFrame); return &b }},
	}
}
