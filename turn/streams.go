// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"time"

	"jamibox/turn/ledger"
)

// streamLimits bound what clients over TCP can claim.
type streamLimits struct {
	total           int           // connections at a time
	perSource       int           // connections at a time from one IP address
	silentPerSource int           // of these, the ones that have not shown their credentials
	silence         time.Duration // between messages of such a one
	idle            time.Duration // between messages of the others; a refresh comes sooner
	message         time.Duration // for the rest of a message once it began
	write           time.Duration // for a client to take a message
}

func (c Config) streamLimits() streamLimits {
	return streamLimits{
		// A connection for each allocation, and one for each peer of it.
		total:           4 * c.MaxAllocations,
		perSource:       4 * c.MaxAllocationsPerSource,
		silentPerSource: c.MaxSilentStreamsPerSource,
		// Generous, since clients may connect before they have work: in accept
		// mode a data connection waits for a peer.
		silence: time.Minute,
		idle:    65 * time.Minute, // the longest lifetime, and some time to notice
		message: 30 * time.Second,
		write:   10 * time.Second,
	}
}

// streamSet holds the TCP connections of all listeners. Safe for concurrent
// use.
type streamSet struct {
	limits streamLimits

	mu      sync.Mutex
	open    map[*stream]struct{}   // guarded by mu
	sources map[netip.Addr]*source // guarded by mu
	closed  bool                   // guarded by mu
	drained chan struct{}          // closed when closed is set and open is empty
}

// source is what one IP address has open.
type source struct {
	streams int
	silent  map[*stream]struct{}
}

func newStreamSet(limits streamLimits) *streamSet {
	return &streamSet{
		limits:  limits,
		open:    make(map[*stream]struct{}),
		sources: make(map[netip.Addr]*source),
		drained: make(chan struct{}),
	}
}

// add returns the connection as a stream of the set, or false if the limits
// leave no room for it. secure is nil for plain TCP.
func (t *streamSet) add(conn *net.TCPConn, secure *tls.Config) (*stream, bool) {
	s := &stream{tcp: conn, conn: conn, over: ledger.OverTCP, set: t}
	if secure != nil {
		s.conn, s.over = tls.Server(conn, secure), ledger.OverTLS
	}
	s.in = s.conn
	t.mu.Lock()
	defer t.mu.Unlock()
	from := t.sources[s.Client().Addr()]
	if from == nil {
		from = &source{silent: make(map[*stream]struct{})}
	}
	if t.closed || len(t.open) >= t.limits.total || from.streams >= t.limits.perSource ||
		len(from.silent) >= t.limits.silentPerSource {
		return nil, false
	}
	t.open[s] = struct{}{}
	from.streams++
	from.silent[s] = struct{}{}
	t.sources[s.Client().Addr()] = from
	return s, true
}

// prove says that the client of an open stream has shown right credentials.
func (t *streamSet) prove(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sources[s.Client().Addr()].silent, s)
}

func (t *streamSet) remove(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, s)
	from := t.sources[s.Client().Addr()]
	delete(from.silent, s)
	if from.streams--; from.streams == 0 {
		delete(t.sources, s.Client().Addr())
	}
	if t.closed && len(t.open) == 0 {
		close(t.drained)
	}
}

// close refuses further connections, for good, ends those that are open, and
// returns a channel that is closed once all of them are done with. It must be
// called once.
func (t *streamSet) close() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for s := range t.open {
		// The only error is that it is closed already.
		_ = s.Close()
	}
	if len(t.open) == 0 {
		close(t.drained)
	}
	return t.drained
}

func (t *streamSet) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}

// held returns how many connections are open, and from how many IP addresses.
func (t *streamSet) held() (streams, sources int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open), len(t.sources)
}

// reset ends a connection without leaving state behind on this side. There is
// nobody to tell of errors.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
