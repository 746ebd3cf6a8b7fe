// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"math/rand/v2"
	"sync"
)

// pending finds the connections of peers that wait for their ConnectionBind.
// Safe for concurrent use.
type pending struct {
	mu   sync.Mutex
	byID map[uint32]*connection // guarded by mu
}

func newPending() *pending {
	return &pending{byID: make(map[uint32]*connection)}
}

// add returns the CONNECTION-ID under which the connection is found from now
// on: random, so that it tells nothing about others, unique, and not zero.
func (p *pending) add(c *connection) uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		id := rand.Uint32()
		if _, taken := p.byID[id]; id != 0 && !taken {
			p.byID[id] = c
			return id
		}
	}
}

// find returns nil for an unknown id.
func (p *pending) find(id uint32) *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byID[id]
}

func (p *pending) remove(id uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byID, id)
}

func (p *pending) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byID)
}
