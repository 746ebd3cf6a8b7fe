// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"net"
	"net/netip"
	"sync"
)

// crowd counts what each source has, and bounds it. It is safe for concurrent
// use.
type crowd struct {
	most, mostPerSource int

	mu       sync.Mutex // guards all below
	count    int
	bySource map[netip.Addr]int
	refused  uint64
}

func newCrowd(most, mostPerSource int) *crowd {
	return &crowd{most: most, mostPerSource: mostPerSource, bySource: make(map[netip.Addr]int)}
}

// enter counts one more of the source, unless there are too many. Leave is to be
// called in the end.
func (c *crowd) enter(source netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count >= c.most || c.bySource[source] >= c.mostPerSource {
		c.refused++
		return false
	}
	c.count++
	c.bySource[source]++
	return true
}

func (c *crowd) leave(source netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count--
	if c.bySource[source]--; c.bySource[source] == 0 {
		delete(c.bySource, source)
	}
}

func (c *crowd) size() (count int, refused uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count, c.refused
}

// sourceOf returns what limits go by. A host has all addresses of an IPv6 network
// of 64 bits to itself.
func sourceOf(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return addr
	}
	raw := addr.As16()
	clear(raw[8:])
	return netip.AddrFrom16(raw)
}

// listener closes connections that are too many, without a handshake.
type listener struct {
	net.Listener
	crowd *crowd
}

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		source := sourceOf(remoteOf(c.RemoteAddr().String()))
		if l.crowd.enter(source) {
			return &conn{
				Conn: c, leave: sync.OnceFunc(func() { l.crowd.leave(source) }),
				// Without it, all is well but slow.
				hurry: sync.OnceFunc(func() { _ = ackAtOnce(c) }),
			}, nil
		}
		// It is refused either way.
		_ = c.Close()
	}
}

// conn is counted until it is closed.
type conn struct {
	net.Conn
	leave func()
	hurry func()
}

// Write implements net.Conn. Clients hold their first request back until the end of
// the handshake, which follows our first words, is confirmed: that would take 40 ms
// of each of their requests.
func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.hurry()
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// remoteOf returns the address in "host:port", or one that is not valid.
func remoteOf(text string) netip.Addr {
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr()
}
