// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"container/heap"
	"net/netip"
	"time"
)

// source is an address that has written values. It is there as long as they
// are.
type source struct {
	addr   netip.Addr // invalid: our own values
	bytes  int64
	values ordered[*record] // by expiry

	bySoonest, byLargest int32 // places in the heaps of the same names
}

func (s *source) soonest() time.Duration { return s.values.elements[0].expires }

// sources are all addresses that have written values.
type sources struct {
	byAddr  map[netip.Addr]*source
	soonest ordered[*source] // by the first of their values to expire
	largest ordered[*source] // by bytes; those of remote values only
	bytes   int64            // of remote values
}

func newSources() sources {
	return sources{
		byAddr: make(map[netip.Addr]*source),
		soonest: ordered[*source]{
			less:  func(a, b *source) bool { return a.soonest() < b.soonest() },
			place: func(s *source) *int32 { return &s.bySoonest },
		},
		largest: ordered[*source]{
			less:  func(a, b *source) bool { return a.bytes > b.bytes },
			place: func(s *source) *int32 { return &s.byLargest },
		},
	}
}

// owning returns the address that quotas go by. Whoever has an IPv6 address has
// all those of its network of 64 bits.
func owning(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return addr
	}
	raw := addr.As16()
	clear(raw[8:])
	return netip.AddrFrom16(raw)
}

// add counts the value as one from the address.
func (s *sources) add(r *record, addr netip.Addr) {
	addr = owning(addr)
	from := s.byAddr[addr]
	known := from != nil
	if !known {
		from = &source{addr: addr, values: ordered[*record]{
			less:  func(a, b *record) bool { return a.expires < b.expires },
			place: func(r *record) *int32 { return &r.place },
		}}
		s.byAddr[addr] = from
	}
	r.source = from
	from.bytes += r.cost()
	heap.Push(&from.values, r)
	if addr.IsValid() {
		s.bytes += r.cost()
	}
	if known {
		s.moved(from)
		return
	}
	heap.Push(&s.soonest, from)
	if addr.IsValid() {
		heap.Push(&s.largest, from)
	}
}

func (s *sources) remove(r *record) {
	from := r.source
	local := !from.addr.IsValid()
	from.bytes -= r.cost()
	if !local {
		s.bytes -= r.cost()
	}
	if len(from.values.elements) > 1 {
		heap.Remove(&from.values, int(r.place))
		s.moved(from)
		return
	}
	// It leaves the heaps before its last value, which orders it.
	heap.Remove(&s.soonest, int(from.bySoonest))
	if !local {
		heap.Remove(&s.largest, int(from.byLargest))
	}
	delete(s.byAddr, from.addr)
}

// extend lets a value expire at another time.
func (s *sources) extend(r *record, expires time.Duration) {
	r.expires = expires
	heap.Fix(&r.source.values, int(r.place))
	heap.Fix(&s.soonest, int(r.source.bySoonest))
}

func (s *sources) moved(from *source) {
	heap.Fix(&s.soonest, int(from.bySoonest))
	if from.addr.IsValid() {
		heap.Fix(&s.largest, int(from.byLargest))
	}
}

// nextExpiry returns the value that expires first; nil if there is none.
func (s *sources) nextExpiry() *record {
	if len(s.soonest.elements) == 0 {
		return nil
	}
	return s.soonest.elements[0].values.elements[0]
}

// nextEviction returns the value that has to go first when there is too much;
// nil if there is no remote value.
func (s *sources) nextEviction() *record {
	if len(s.largest.elements) == 0 {
		return nil
	}
	return s.largest.elements[0].values.elements[0]
}
