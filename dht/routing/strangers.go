// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"net/netip"
	"time"
)

// strangers are the endpoints that were pinged without being known. They are
// kept for askPause, which with the rate of pings bounds their number.
type strangers struct {
	rate  int // pings in any second
	asked map[netip.AddrPort]time.Duration
	queue []stranger // oldest first, from head
	head  int
}

type stranger struct {
	addr netip.AddrPort
	at   time.Duration
}

// ask reports whether the endpoint is to be pinged now, and takes that as done.
func (s *strangers) ask(addr netip.AddrPort, at time.Duration) bool {
	s.forgetOld(at)
	if _, waiting := s.asked[addr]; waiting {
		return false
	}
	if first := len(s.queue) - s.rate; first >= 0 && at-s.queue[first].at < time.Second {
		return false
	}
	s.asked[addr] = at
	s.queue = append(s.queue, stranger{addr, at})
	return true
}

// answered ends the wait for the endpoint.
func (s *strangers) answered(addr netip.AddrPort) {
	delete(s.asked, addr)
}

// waiting returns how many endpoints have not answered so far.
func (s *strangers) waiting(at time.Duration) int {
	s.forgetOld(at)
	return len(s.asked)
}

func (s *strangers) forgetOld(at time.Duration) {
	for s.head < len(s.queue) && at-s.queue[s.head].at >= askPause {
		old := s.queue[s.head]
		// It may have answered since, and been asked anew.
		if asked, waiting := s.asked[old.addr]; waiting && asked == old.at {
			delete(s.asked, old.addr)
		}
		s.head++
	}
	if s.head > len(s.queue)/2 {
		s.queue = s.queue[:copy(s.queue, s.queue[s.head:])]
		s.head = 0
	}
}
