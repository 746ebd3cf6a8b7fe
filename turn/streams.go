// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"bufio"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// streamLimits bound what TCP clients can claim. pion/turn v3 has no limits.
type streamLimits struct {
	total     int           // connections at a time
	perSource int           // connections at a time from one IP address
	greeting  time.Duration // until the first message is there
	idle      time.Duration // between messages; an allocation's refresh comes sooner
	message   time.Duration // for the rest of a message once it began
	write     time.Duration // for a client to take a message
}

func defaultStreamLimits() streamLimits {
	return streamLimits{
		total: 8192,
		// Whole offices may sit behind one address, and an active device
		// holds about ten connections.
		perSource: 1024,
		// Generous, since clients may connect before they have work.
		greeting: time.Minute,
		idle:     15 * time.Minute,
		message:  30 * time.Second,
		write:    10 * time.Second,
	}
}

// streamSet holds the TCP connections of all listeners. Safe for concurrent
// use.
type streamSet struct {
	limits streamLimits
	count  *counters

	mu        sync.Mutex
	open      map[*stream]struct{} // guarded by mu
	perSource map[netip.Addr]int   // guarded by mu
	closed    bool                 // guarded by mu
	drained   chan struct{}        // closed when closed is set and open is empty
}

func newStreamSet(limits streamLimits, count *counters) *streamSet {
	return &streamSet{
		limits:    limits,
		count:     count,
		open:      make(map[*stream]struct{}),
		perSource: make(map[netip.Addr]int),
		drained:   make(chan struct{}),
	}
}

// add returns the connection as a stream of the set, or false if the limits
// leave no room for it.
func (t *streamSet) add(conn *net.TCPConn) (*stream, bool) {
	s := &stream{TCPConn: conn, set: t, in: bufio.NewReaderSize(conn, maxFrame)}
	source := s.source()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.open) >= t.limits.total || t.perSource[source] >= t.limits.perSource {
		return nil, false
	}
	t.open[s] = struct{}{}
	t.perSource[source]++
	return s, true
}

func (t *streamSet) remove(s *stream) {
	source := s.source()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, s)
	if t.perSource[source]--; t.perSource[source] == 0 {
		delete(t.perSource, source)
	}
	if t.closed && len(t.open) == 0 {
		close(t.drained)
	}
}

// close refuses further connections, for good, ends those that are open, and
// returns a channel that is closed once pion is done with all of them. It must
// be called once.
func (t *streamSet) close() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for s := range t.open {
		s.abort()
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

func (s *stream) source() netip.Addr {
	return s.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
}

// streamListener is a TCP listener as pion sees it.
type streamListener struct {
	*net.TCPListener
	set  *streamSet
	done <-chan struct{} // closed when the server stops
}

const maxAcceptPause = time.Second

// Accept returns the next connection within the limits and resets the others.
// It goes on after errors, such as too many open files: pion would stop
// listening at the first one.
func (l *streamListener) Accept() (net.Conn, error) {
	pause := 5 * time.Millisecond
	for {
		conn, err := l.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			select {
			case <-time.After(pause):
				pause = min(2*pause, maxAcceptPause)
				continue
			case <-l.done:
				return nil, net.ErrClosed
			}
		}
		if s, ok := l.set.add(conn); ok {
			return s, nil
		}
		l.set.count.refusedStreams.Add(1)
		reset(conn)
	}
}

// reset ends a connection without leaving state behind on this side. There is
// nobody to tell of errors.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
