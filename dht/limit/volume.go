// SPDX-License-Identifier: GPL-3.0-or-later

package limit

import (
	"net/netip"
	"time"
)

// volume counts the bytes sent to each address within one second, and starts
// anew with the next. Its memory is bounded by the answers in a second.
type volume struct {
	began time.Duration
	sent  map[netip.Addr]int
}

// add counts size bytes to the address, unless they go beyond the limit.
func (v *volume) add(addr netip.Addr, size, limit int, at time.Duration) bool {
	if at-v.began >= time.Second {
		v.began = at
		clear(v.sent)
	}
	sent := v.sent[addr]
	if size > limit-sent {
		return false
	}
	v.sent[addr] = sent + size
	return true
}
