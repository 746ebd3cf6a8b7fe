// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

import (
	"container/list"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// maxListed bounds the peers that are remembered of an allocation.
const maxListed = 32

// Entry is one allocation's account. Safe for concurrent use.
type Entry struct {
	ledger  *Ledger
	id      uint64
	opening Opening
	source  netip.Addr
	opened  time.Time
	hidden  bool
	end     func(Reason)
	limiter *rate.Limiter // nil if nothing is limited

	user *user         // nil once the quota is returned; guarded by ledger.mu
	idle *list.Element // nil once there is a permission; guarded by ledger.mu
	// connections changes with ledger.mu held.
	connections atomic.Int64

	permitted atomic.Bool
	up, down  tally
	denied    atomic.Uint64

	mu      sync.Mutex
	relayed netip.AddrPort   // guarded by mu
	expires time.Time        // guarded by mu
	peers   []netip.AddrPort // with port 0 if only the address is known; guarded by mu
	reason  Reason           // why it is to end or ended; guarded by mu
	closed  bool             // guarded by mu
}

// Opened says that the allocation is granted at a relayed address. An entry
// closed without is not told in the history.
func (e *Entry) Opened(relayed netip.AddrPort, expires time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.relayed, e.expires = relayed, expires
	if !e.hidden {
		e.ledger.count.opened.Add(1)
	}
}

// Extend says when the allocation will expire.
func (e *Entry) Extend(expires time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expires = expires
}

// Permit says that the client may exchange data with an address.
func (e *Entry) Permit(peer netip.Addr) {
	e.inUse()
	e.list(netip.AddrPortFrom(peer, 0))
}

// Peer says that the client exchanges data with a peer. It must not be called
// for each packet.
func (e *Entry) Peer(peer netip.AddrPort) {
	e.inUse()
	e.list(peer)
}

func (e *Entry) inUse() {
	if e.permitted.Swap(true) {
		return
	}
	e.ledger.mu.Lock()
	defer e.ledger.mu.Unlock()
	e.ledger.used(e)
}

// list remembers a peer once, with its port if that is known.
func (e *Entry) list(peer netip.AddrPort) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, known := range e.peers {
		switch {
		case known == peer, known.Addr() == peer.Addr() && peer.Port() == 0:
			return
		case known.Addr() == peer.Addr() && known.Port() == 0:
			e.peers[i] = peer
			return
		}
	}
	if len(e.peers) < maxListed {
		e.peers = append(e.peers, peer)
	}
}

// Up counts what the client sent to peers. Packets are 0 for TCP.
func (e *Entry) Up(packets, bytes int) { e.up.add(packets, bytes) }

// Down counts what came from peers. Packets are 0 for TCP.
func (e *Entry) Down(packets, bytes int) { e.down.add(packets, bytes) }

// Denied counts packets or connections that the rules on peers stopped.
func (e *Entry) Denied(n int) {
	e.denied.Add(uint64(n))
	e.ledger.count.denied.Add(uint64(n))
}

// OpenConnection claims a data connection, to be returned by CloseConnection;
// false if there are too many, or if the allocation is ending.
func (e *Entry) OpenConnection() bool {
	l := e.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.user == nil || reached(int(e.connections.Load()), l.limits.ConnectionsPerAllocation) ||
		reached(e.user.connections, l.limits.ConnectionsPerUser) {
		return false
	}
	l.used(e) // RFC 6062 lets a client connect without a permission
	e.user.connections++
	e.connections.Add(1)
	return true
}

// CloseConnection must be called once for each OpenConnection that returned
// true; it may be after Close.
func (e *Entry) CloseConnection() {
	l := e.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	e.connections.Add(-1)
	if e.user != nil {
		e.user.connections--
	}
}

// Limiter returns what bounds the bytes of the user's allocations together, or
// nil if nothing does. Its burst is 64 KiB at least.
func (e *Entry) Limiter() *rate.Limiter { return e.limiter }

// Close ends the account, returns its quota and puts it into the history.
// Further calls do nothing. The reason that the ledger asked for counts more
// than the given one.
func (e *Entry) Close(reason Reason) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	e.closed = true
	if e.reason == "" {
		e.reason = reason
	}
	last := e.describe()
	last.Closed, last.Reason = e.ledger.now(), e.reason
	e.mu.Unlock()
	e.ledger.close(e, last)
}

// demand asks the owner to end the allocation; false if that is under way.
func (e *Entry) demand(reason Reason) bool {
	e.mu.Lock()
	if e.closed || e.reason != "" {
		e.mu.Unlock()
		return false
	}
	e.reason = reason
	e.mu.Unlock()
	e.end(reason)
	return true
}
