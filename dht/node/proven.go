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
// request or by a token, and the address of ours that each of them used then. What
// others send may have a forged source.
type proven struct {
	current, previous map[netip.Addr]netip.Addr
	turned            time.Time
}

func newProven(now time.Time) proven {
	return proven{current: make(map[netip.Addr]netip.Addr), turned: now}
}

func (p *proven) add(addr, local netip.Addr, now time.Time) {
	if now.Sub(p.turned) >= provenLife || len(p.current) >= maxProven {
		if now.Sub(p.turned) >= 2*provenLife {
			clear(p.current)
		}
		p.previous, p.current = p.current, make(map[netip.Addr]netip.Addr)
		p.turned = now
	}
	p.current[addr] = local
}

func (p *proven) has(addr netip.Addr) bool {
	if _, ok := p.current[addr]; ok {
		return true
	}
	_, ok := p.previous[addr]
	return ok
}

// local returns the address of ours that an address used; an invalid one if that is
// not known.
func (p *proven) local(addr netip.Addr) netip.Addr {
	if local, ok := p.current[addr]; ok {
		return local
	}
	return p.previous[addr]
}
