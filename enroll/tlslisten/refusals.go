// SPDX-License-Identifier: GPL-3.0-or-later

package tlslisten

import (
	"container/list"
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// maxRefusals bounds the addresses remembered; the one quiet for longest goes first.
const maxRefusals = 256

// Refusal tells of a client whose TLS handshakes came to nothing.
type Refusal struct {
	Remote netip.Addr `json:"remote"`
	// At is the time of the last one.
	At time.Time `json:"at"`
	// Count is the number of them since the address was first noticed.
	Count int `json:"count"`
	// Reason is that of the last one: a Reason constant, or ReasonOther followed
	// by the details.
	Reason string `json:"reason"`
}

// refusals is safe for concurrent use.
type refusals struct {
	logger *slog.Logger
	now    func() time.Time

	mu     sync.Mutex
	byAddr map[netip.Addr]*list.Element // guarded by mu
	latest *list.List                   // of *Refusal, the latest first; guarded by mu
}

func newRefusals(logger *slog.Logger, now func() time.Time) *refusals {
	return &refusals{logger: logger, now: now, byAddr: make(map[netip.Addr]*list.Element), latest: list.New()}
}

func (r *refusals) add(remote netip.Addr, reason string) {
	level := slog.LevelDebug
	if r.record(remote, reason) {
		level = slog.LevelInfo
	}
	r.logger.Log(context.Background(), level, "tls handshake refused", "remote", remote, "reason", reason)
}

// record reports whether this is news: the address or the reason is new.
func (r *refusals) record(remote netip.Addr, reason string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if place, known := r.byAddr[remote]; known {
		refusal := place.Value.(*Refusal)
		news := refusal.Reason != reason
		refusal.At, refusal.Reason = r.now(), reason
		refusal.Count++
		r.latest.MoveToFront(place)
		return news
	}
	if r.latest.Len() >= maxRefusals {
		oldest := r.latest.Remove(r.latest.Back()).(*Refusal)
		delete(r.byAddr, oldest.Remote)
	}
	r.byAddr[remote] = r.latest.PushFront(&Refusal{Remote: remote, At: r.now(), Count: 1, Reason: reason})
	return true
}

func (r *refusals) list() []Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Refusal, 0, r.latest.Len())
	for place := r.latest.Front(); place != nil; place = place.Next() {
		all = append(all, *place.Value.(*Refusal))
	}
	return all
}
