// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// portRange is a range of ports, both ends included. The zero value contains
// none but port 0.
type portRange struct{ first, last uint16 }

func parsePortRange(text string) (portRange, error) {
	errRange := errors.New(`expected "first-last" with 1 <= first <= last <= 65535`)
	low, high, ok := strings.Cut(text, "-")
	if !ok {
		return portRange{}, errRange
	}
	first, err := strconv.ParseUint(strings.TrimSpace(low), 10, 16)
	if err != nil {
		return portRange{}, errRange
	}
	last, err := strconv.ParseUint(strings.TrimSpace(high), 10, 16)
	if err != nil || first == 0 || first > last {
		return portRange{}, errRange
	}
	return portRange{first: uint16(first), last: uint16(last)}, nil
}

func (r portRange) contains(port uint16) bool { return r.first <= port && port <= r.last }

func (r portRange) size() int { return int(r.last) - int(r.first) + 1 }

// at returns the i-th port, counted round the range.
func (r portRange) at(i int) uint16 { return r.first + uint16(i%r.size()) }

func (r portRange) String() string { return fmt.Sprintf("%d-%d", r.first, r.last) }

// portSet remembers which relayed ports are in use. A set of our own, because
// bind errors are no proof: sockets that share their port on purpose, as
// relayed TCP addresses must, bind one port twice without an error. Safe for
// concurrent use.
type portSet struct {
	mu      sync.Mutex
	used    map[uint16]struct{} // guarded by mu
	closed  bool                // guarded by mu
	drained chan struct{}       // closed when closed is set and used is empty
}

func newPortSet() *portSet {
	return &portSet{used: make(map[uint16]struct{}), drained: make(chan struct{})}
}

// reserve reports whether the port was free and is now the caller's, who
// gives it back with release.
func (s *portSet) reserve(port uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.used[port]; taken || s.closed {
		return false
	}
	s.used[port] = struct{}{}
	return true
}

// release must be called once for each port reserved.
func (s *portSet) release(port uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.used, port)
	if s.closed && len(s.used) == 0 {
		close(s.drained)
	}
}

// close refuses further reservations, for good, and returns a channel that is
// closed once all ports have come back. It must be called once.
func (s *portSet) close() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if len(s.used) == 0 {
		close(s.drained)
	}
	return s.drained
}

func (s *portSet) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.used)
}
