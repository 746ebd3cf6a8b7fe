// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"
	"time"
)

const (
	// provenLife is how long a proof counts at least, and half of how long it
	// may count.
	provenLife = 10 * time.Minute
	// maxProven bounds the addresses that are remembered, in each half.
	maxProven = 65536
)

// proven holds the addresses that proved that they hear us, by an answer to a
// request or by a token. What others send may have a forged source.
type proven struct {
	current, previous map[netip.Addr]struct{}
	turned            time.Time
}

func newProven(now time.Time) proven {
	return proven{current: make(map[netip.Addr]struct{}), turned: now}
}

func (p *proven) add(addr netip.Addr, now time.Time) {
	if now.Sub(p.turned) >= provenLife || len(p.current) >= maxProven {
		if now.Sub(p.turned) >= 2*provenLife {
			clear(p.current)
		}
		p.previous, p.current = p.current, make(map[netip.Addr]struct{})
		p.turned = now
	}
	p.current[addr] = struct{}{}
}

func (p *proven) has(addr netip.Addr) bool {
	if _, ok := p.current[addr]; ok {
		return true
	}
	_, ok := p.previous[addr]
	return ok
}
