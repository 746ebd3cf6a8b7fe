// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"sync/atomic"
	"time"
)

// kind is what a request asks for.
type kind int

const (
	kindInfo kind = iota
	kindStats
	kindGet
	kindPut
	kindListen
	kindSubscribe
	kindUnsubscribe

	kinds = iota
)

// String returns the word that requests are counted under.
func (k kind) String() string {
	return [kinds]string{"info", "stats", "get", "put", "listen", "subscribe", "unsubscribe"}[k]
}

// reason is why a request was refused or a listener was broken off.
type reason int

const (
	reasonRate reason = iota
	reasonListeners
	reasonPermanent
	reasonTooLarge
	reasonUnreadable
	reasonValue
	reasonNode
	reasonSlow

	reasons = iota
)

// String returns a few words, for labels.
func (r reason) String() string {
	return [reasons]string{
		"too many requests", "too many listeners", "too many permanent values", "too large", "unreadable",
		"value not allowed", "node not running", "listener too slow",
	}[r]
}

// Stats is what can be seen of the proxy from outside. Counts run from the start
// of the box; those that are zero are left out of maps.
type Stats struct {
	// Addr is where the proxy listens, empty while it does not.
	Addr string `json:"addr,omitempty"`
	// Started is when it last began to.
	Started time.Time `json:"started,omitzero"`
	// Requests counts those that were taken, by kind, Refused those that were not
	// served and listeners that were broken off, by reason.
	Requests map[string]uint64 `json:"requests"`
	Refused  map[string]uint64 `json:"refused"`
	// Connections are open at the moment; RefusedConnections were too many.
	Connections        int    `json:"connections"`
	RefusedConnections uint64 `json:"refused_connections"`
	// Listeners wait for values at Keys; Subscriptions are those among them that
	// would rather have push notifications.
	Listeners     int `json:"listeners"`
	Subscriptions int `json:"subscriptions"`
	Keys          int `json:"keys"`
	// Permanent values, of PermanentBytes in all, are kept alive.
	Permanent      int `json:"permanent"`
	PermanentBytes int `json:"permanent_bytes"`
	// Sent counts the values sent, in answers to gets and to listeners.
	Sent uint64 `json:"sent"`
}

// counters is what a server counts.
type counters struct {
	requests [kinds]atomic.Uint64
	refused  [reasons]atomic.Uint64
	sent     atomic.Uint64
}

// total returns the number of requests of all kinds.
func (c *counters) total() (n uint64) {
	for k := range c.requests {
		n += c.requests[k].Load()
	}
	return n
}

// Stats returns the figures of now. It is safe for concurrent use.
func (s *Server) Stats() Stats {
	stats := Stats{
		Requests: make(map[string]uint64), Refused: make(map[string]uint64),
		Keys: s.hub.keys(), Subscriptions: s.subscriptions.count(), Sent: s.counters.sent.Load(),
	}
	s.mu.Lock()
	if s.addr != nil {
		stats.Addr, stats.Started = s.addr.String(), s.started
	}
	s.mu.Unlock()
	for k := range kind(kinds) {
		if n := s.counters.requests[k].Load(); n > 0 {
			stats.Requests[k.String()] = n
		}
	}
	for r := range reason(reasons) {
		if n := s.counters.refused[r].Load(); n > 0 {
			stats.Refused[r.String()] = n
		}
	}
	stats.Connections, stats.RefusedConnections = s.connections.size()
	stats.Listeners, _ = s.listeners.size()
	stats.Permanent, stats.PermanentBytes = s.keeper.size()
	return stats
}
