// SPDX-License-Identifier: GPL-3.0-or-later

package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
)

// ErrExhausted is returned by Take when all ports of the range are in use.
var ErrExhausted = errors.New("no relayed port is free")

// Pool remembers which ports of a range are in use. A memory of its own,
// because bind errors are no proof: sockets that share their port on purpose,
// as relayed TCP addresses must, bind one port twice without an error. Safe for
// concurrent use.
type Pool struct {
	ports Range

	mu   sync.Mutex
	used map[uint16]struct{} // guarded by mu
}

// NewPool returns a pool of all ports of the range, none of them in use. One
// pool serves one protocol on one address.
func NewPool(ports Range) *Pool {
	return &Pool{ports: ports, used: make(map[uint16]struct{})}
}

// Take finds a free port on which open returns nil, and returns it; it is the
// caller's until Give. Ports start at random (RFC 8656, section 7.2), and ones
// that open finds bound by another program are passed over. An error is
// ErrExhausted or one of open's, wrapped. open is called in the caller's
// goroutine, and no two calls at a time get the same port.
func (p *Pool) Take(open func(port uint16) error) (uint16, error) {
	return p.take(p.ports.first, 1, open)
}

// TakeEven is Take for ports with even numbers (EVEN-PORT: RFC 8656, section
// 7.2).
func (p *Pool) TakeEven(open func(port uint16) error) (uint16, error) {
	return p.take(p.ports.first+p.ports.first%2, 2, open)
}

// take tries each port that is a multiple of step away from first.
func (p *Pool) take(first uint16, step int, open func(port uint16) error) (uint16, error) {
	choice := 0
	if p.ports.last >= first {
		choice = (int(p.ports.last)-int(first))/step + 1
	}
	if p.ports.Size() == 0 || choice == 0 {
		return 0, ErrExhausted
	}
	start := rand.IntN(choice)
	for i := range choice {
		port := first + uint16((start+i)%choice*step)
		if !p.reserve(port) {
			continue
		}
		err := open(port)
		if err == nil {
			return port, nil
		}
		p.Give(port)
		if !isAddrInUse(err) {
			return 0, fmt.Errorf("opening relayed port %d: %w", port, err)
		}
	}
	return 0, fmt.Errorf("opening a relayed port in %s: %w", p.ports, ErrExhausted)
}

// reserve reports whether the port was free and is now the caller's.
func (p *Pool) reserve(port uint16) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, taken := p.used[port]; taken {
		return false
	}
	p.used[port] = struct{}{}
	return true
}

// Give takes a port back. It must be called once for each port taken, after
// what was opened on it is closed.
func (p *Pool) Give(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.used, port)
}

// Len returns how many ports are in use.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.used)
}
