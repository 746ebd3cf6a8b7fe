// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import "sync/atomic"

// counters count since the server was made, over all its runs.
type counters struct {
	authFailures   atomic.Uint64
	refusedStreams atomic.Uint64
	deniedTo       atomic.Uint64
	deniedFrom     atomic.Uint64
	up, down       trafficCounter
}

type trafficCounter struct{ packets, bytes atomic.Uint64 }

func (t *trafficCounter) add(bytes int) {
	t.packets.Add(1)
	t.bytes.Add(uint64(bytes))
}

func (t *trafficCounter) load() Traffic {
	return Traffic{Packets: t.packets.Load(), Bytes: t.bytes.Load()}
}
