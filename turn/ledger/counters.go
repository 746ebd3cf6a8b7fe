// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

import (
	"maps"
	"sync/atomic"
)

// Counters count since the ledger was made; none ever decreases.
type Counters struct {
	// ByCode counts error answers by their code (RFC 8489, section 14.8).
	ByCode map[int]uint64 `json:"by_code"`
	// Opened counts allocations granted.
	Opened uint64 `json:"opened"`
	// QuotaRefusals counts allocations that Open refused.
	QuotaRefusals uint64 `json:"quota_refusals"`
	// Denied counts packets and connections, either way, that the rules on
	// peers stopped.
	Denied uint64 `json:"denied"`
	// RefusedStreams counts connections of clients beyond the limits.
	RefusedStreams uint64 `json:"refused_streams"`
	// Throttled counts requests that were left unanswered.
	Throttled uint64 `json:"throttled"`
	// Relayed counts data by relayed protocol.
	Relayed map[Protocol]Flow `json:"relayed"`
}

// Flow is traffic in both directions.
type Flow struct {
	Up   Traffic `json:"up"`   // from clients to peers
	Down Traffic `json:"down"` // from peers to clients
}

func (f Flow) plus(other Flow) Flow {
	return Flow{Up: f.Up.plus(other.Up), Down: f.Down.plus(other.Down)}
}

// The error codes of answers: RFC 8489, section 14.8.
const (
	firstCode = 300
	lastCode  = 699
)

// counters are what is counted of no entry.
type counters struct {
	byCode         [lastCode - firstCode + 1]atomic.Uint64
	opened         atomic.Uint64
	quotaRefusals  atomic.Uint64
	denied         atomic.Uint64
	refusedStreams atomic.Uint64
	throttled      atomic.Uint64
}

// tally counts traffic.
type tally struct{ packets, bytes atomic.Uint64 }

func (t *tally) add(packets, bytes int) {
	t.packets.Add(uint64(packets))
	t.bytes.Add(uint64(bytes))
}

func (t *tally) load() Traffic {
	return Traffic{Packets: t.packets.Load(), Bytes: t.bytes.Load()}
}

// Answered counts an error answer; not one whose code STUN cannot express.
func (l *Ledger) Answered(code int) {
	if firstCode <= code && code <= lastCode {
		l.count.byCode[code-firstCode].Add(1)
	}
}

// RefusedStream counts a client's connection beyond the limits.
func (l *Ledger) RefusedStream() { l.count.refusedStreams.Add(1) }

// Throttled counts a request that is left unanswered.
func (l *Ledger) Throttled() { l.count.throttled.Add(1) }

// Counters returns the present counts.
func (l *Ledger) Counters() Counters {
	c := Counters{
		ByCode:         make(map[int]uint64),
		Opened:         l.count.opened.Load(),
		QuotaRefusals:  l.count.quotaRefusals.Load(),
		Denied:         l.count.denied.Load(),
		RefusedStreams: l.count.refusedStreams.Load(),
		Throttled:      l.count.throttled.Load(),
		Relayed:        l.relayed(),
	}
	for i := range l.count.byCode {
		if n := l.count.byCode[i].Load(); n > 0 {
			c.ByCode[firstCode+i] = n
		}
	}
	return c
}

// relayed adds up what the entries count, which costs the data path nothing.
func (l *Ledger) relayed() map[Protocol]Flow {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := maps.Clone(l.past)
	for _, e := range l.live {
		if !e.hidden {
			sum[e.opening.Protocol] = sum[e.opening.Protocol].plus(e.flow())
		}
	}
	return sum
}

// flow returns what the entry has counted.
func (e *Entry) flow() Flow { return Flow{Up: e.up.load(), Down: e.down.load()} }
