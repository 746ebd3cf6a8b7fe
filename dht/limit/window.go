// SPDX-License-Identifier: GPL-3.0-or-later

package limit

import (
	"net/netip"
	"time"
)

// window holds the requests of the last second, so that its memory is bounded by
// the limit of them, whatever number of addresses they come from.
type window struct {
	ring    []request // its length is a power of two
	oldest  int
	count   int
	sources map[netip.Addr]*source // those with requests in the window
}

type request struct {
	at   time.Duration
	from *source
}

type source struct {
	addr  netip.Addr
	count int
}

// advance forgets the requests that are a second old.
func (w *window) advance(at time.Duration) {
	for w.count > 0 {
		r := &w.ring[w.oldest]
		if at-r.at < time.Second {
			return
		}
		if r.from.count--; r.from.count == 0 {
			delete(w.sources, r.from.addr)
		}
		r.from = nil
		w.oldest = (w.oldest + 1) & (len(w.ring) - 1)
		w.count--
	}
}

// add takes a request. From is the source at the address, nil if it has none in
// the window.
func (w *window) add(addr netip.Addr, from *source, at time.Duration) {
	if w.count == len(w.ring) {
		w.grow()
	}
	if from == nil {
		from = &source{addr: addr}
		w.sources[addr] = from
	}
	from.count++
	w.ring[(w.oldest+w.count)&(len(w.ring)-1)] = request{at, from}
	w.count++
}

func (w *window) grow() {
	larger := make([]request, max(64, 2*len(w.ring)))
	n := copy(larger, w.ring[w.oldest:])
	copy(larger[n:], w.ring[:w.oldest])
	w.ring, w.oldest = larger, 0
}
