// SPDX-License-Identifier: GPL-3.0-or-later

package tlslisten

import (
	"container/list"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

var errCrowded = errors.New("too many handshakes under way")

// pending bounds the handshakes under way, in total and per source. It is safe
// for concurrent use.
type pending struct {
	max   int
	grace time.Duration
	freed chan struct{} // holds one token after a removal

	mu      sync.Mutex
	closed  bool               // guarded by mu
	entries *list.List         // of *entry, the oldest first; guarded by mu
	sources map[netip.Addr]int // guarded by mu
}

type entry struct {
	conn   *wireConn
	source netip.Addr
	since  time.Time
	place  *list.Element
}

func newPending(limit int, grace time.Duration) *pending {
	return &pending{
		max:     limit,
		grace:   grace,
		freed:   make(chan struct{}, 1),
		entries: list.New(),
		sources: make(map[netip.Addr]int),
	}
}

// add makes room for conn. If all room is taken it displaces the oldest
// handshake, but only after the grace time that an honest client needs even on
// a busy machine; until then it waits. It returns errCrowded if conn's source
// holds as much as is left for all others: alone it may fill half of the room,
// as a site behind one address does after a power cut, and n greedy sources
// still leave one part in n+1. It returns net.ErrClosed once stop is closed.
func (p *pending) add(conn *wireConn, stop <-chan struct{}) (*entry, error) {
	e := &entry{conn: conn, source: sourceOf(conn.remote)}
	for {
		wait, err := p.try(e)
		if err != nil || wait == 0 {
			return e, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-p.freed:
		case <-timer.C:
		case <-stop:
			timer.Stop()
			return nil, net.ErrClosed
		}
		timer.Stop()
	}
}

// try returns how long to wait before the next try, 0 when e is in.
func (p *pending) try(e *entry) (time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, net.ErrClosed
	}
	if n := p.sources[e.source]; n > 0 && n >= p.max-p.entries.Len() {
		return 0, errCrowded
	}
	if p.entries.Len() >= p.max {
		oldest := p.entries.Front().Value.(*entry)
		if wait := p.grace - time.Since(oldest.since); wait > 0 {
			return wait, nil
		}
		oldest.conn.displaced.Store(true)
		oldest.conn.Close()
		p.drop(oldest)
	}
	e.since = time.Now()
	e.place = p.entries.PushBack(e)
	p.sources[e.source]++
	return 0, nil
}

func (p *pending) remove(e *entry) {
	p.mu.Lock()
	p.drop(e)
	p.mu.Unlock()
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// drop may be called twice for a displaced entry. The caller holds mu.
func (p *pending) drop(e *entry) {
	if e.place == nil {
		return
	}
	p.entries.Remove(e.place)
	e.place = nil
	if p.sources[e.source]--; p.sources[e.source] == 0 {
		delete(p.sources, e.source)
	}
}

// closeAll ends every handshake under way and lets no more in.
func (p *pending) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for place := p.entries.Front(); place != nil; place = place.Next() {
		place.Value.(*entry).conn.Close()
	}
}

// sourceOf counts an IPv6 network as one source, since its hosts pick their
// addresses themselves.
func sourceOf(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return addr
	}
	return prefix.Addr()
}
