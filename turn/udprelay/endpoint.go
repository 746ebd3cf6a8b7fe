// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"jamibox/turn/message"
	"jamibox/turn/port"
)

const (
	// endpointBuffer is asked of the kernel for each relayed socket, in bytes.
	endpointBuffer = 1 << 20
	// maxReadErrors in a row end the use of a socket. Fewer do not: some systems
	// report the ICMP answer to a packet sent earlier as an error of the next read.
	maxReadErrors = 100
)

// endpoint is the relayed socket of an allocation as pion sees it: it enforces
// the policy on peers, counts, and gathers packets so that many are sent at a
// time. WriteTo, send and Close are called in pion's read loop only, ReadFrom and
// toClient in the goroutine that pion has for the allocation. What goes through
// channels passes pion by.
type endpoint struct {
	core    *core
	session *session
	conn    *net.UDPConn
	local   net.Addr
	relayed netip.AddrPort // as told to the client
	ports   *port.Pool
	limiter *rate.Limiter // nil: unlimited
	served  bool          // whether pion has it
	closing sync.Once
	closed  chan struct{}

	// Used in pion's read loop.
	toPeers outbox
	queued  bool // whether the core is to flush it

	// Used in the allocation's goroutine.
	in        *receiver
	toClients outbox
	size      int            // of the packet that pion handles
	peer      netip.AddrPort // the last one
	peerAddr  *net.UDPAddr
}

// openEndpoint binds a relayed socket, to be used by pion or discarded.
func openEndpoint(c *core, s *session, at place) (*endpoint, error) {
	network := "udp4"
	if at.family == message.IPv6 {
		network = "udp6"
	}
	var conn *net.UDPConn
	number, err := at.take(func(number uint16) (err error) {
		conn, err = net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(at.bind, number)))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening a relayed address on %s: %w", at.bind, err)
	}
	// Best effort: the kernel caps it, and a smaller one works.
	_ = conn.SetReadBuffer(endpointBuffer)
	in, err := newReceiver(conn, &c.pools.relayed)
	if err == nil {
		e := &endpoint{
			core:    c,
			session: s,
			conn:    conn,
			local:   conn.LocalAddr(),
			relayed: netip.AddrPortFrom(at.relayed, number),
			ports:   at.ports,
			limiter: s.entry.Limiter(),
			closed:  make(chan struct{}),
			in:      in,
		}
		var out *sender
		if out, err = newSender(conn); err == nil {
			e.toPeers = outbox{pool: &c.pools.boxes, carrier: out, count: s.entry.Up}
			e.toClients = outbox{pool: &c.pools.boxes, carrier: c.link, count: s.entry.Down}
			c.endpoints.Add(1)
			return e, nil
		}
	}
	at.ports.Give(number)
	return nil, errors.Join(fmt.Errorf("opening relayed address %s: %w", conn.LocalAddr(), err), conn.Close())
}

// ReadFrom returns the next packet from a peer that pion is to have, and an error
// only once the endpoint is closed: after any other, pion would close the
// allocation in this goroutine. It and what it calls fit into the two kilobytes of
// stack that a goroutine begins with; twice that for each allocation shows.
func (e *endpoint) ReadFrom(p []byte) (int, net.Addr, error) {
	for failures := 0; ; {
		if !e.in.more() {
			e.toClients.flush()
		}
		packet, peer, err := e.in.receive()
		if err != nil {
			if failures++; errors.Is(err, net.ErrClosed) || failures > maxReadErrors {
				return 0, nil, e.finish(err)
			}
			continue
		}
		failures = 0
		if e.admit(packet, peer) {
			e.size = len(packet)
			return copy(p, packet), e.peerAddr, nil
		}
	}
}

// admit deals with a packet from a peer. It returns true if pion is to have it.
// One from the peer of a channel goes to the client (RFC 8656, section 12.7) past
// pion, which would do no more, at a multiple of the cost.
func (e *endpoint) admit(packet []byte, peer netip.AddrPort) bool {
	if !e.core.cfg.Peers.AllowsUDP(peer) {
		e.session.entry.Denied(1)
		return false
	}
	if e.limiter != nil && !e.limiter.AllowN(time.Now(), len(packet)) {
		return false
	}
	if number, ok := e.session.grants.channelOf(peer); ok {
		e.toClients.addChannelData(number, packet, e.session.client)
		return false
	}
	if peer != e.peer {
		e.peer, e.peerAddr = peer, net.UDPAddrFromAddrPort(peer)
	}
	return true
}

// finish waits until the endpoint is closed, and sees to that if it is not.
func (e *endpoint) finish(err error) error {
	if !errors.Is(err, net.ErrClosed) {
		e.core.logger.Warn("ending an allocation whose relayed socket fails", "addr", e.relayed, "err", err)
		e.core.end(e.session)
	}
	<-e.closed
	e.core.endpoints.Done()
	return net.ErrClosed
}

// toClient takes the message that pion made of the packet it read.
func (e *endpoint) toClient(msg []byte) {
	e.toClients.add(msg, e.session.client, e.size)
	if !e.in.more() {
		e.toClients.flush()
	}
}

// WriteTo takes what pion sends to a peer.
func (e *endpoint) WriteTo(p []byte, addr net.Addr) (int, error) {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("sending to peer %s: not a UDP address", addr)
	}
	e.send(p, netip.AddrPortFrom(udp.AddrPort().Addr().Unmap(), udp.AddrPort().Port()))
	return len(p), nil
}

// send sends a packet to a peer, now or with others. One that the policy denies
// is dropped, as a network would.
func (e *endpoint) send(p []byte, peer netip.AddrPort) {
	if !e.core.cfg.Peers.AllowsUDP(peer) {
		e.session.entry.Denied(1)
		return
	}
	if e.limiter != nil && !e.limiter.AllowN(time.Now(), len(p)) {
		return
	}
	e.toPeers.add(p, peer, len(p))
	switch {
	case !e.core.link.more():
		e.flush()
	case !e.queued:
		e.queued = true
		e.core.dirty = append(e.core.dirty, e)
	}
}

// flush sends what send gathered.
func (e *endpoint) flush() {
	e.queued = false
	e.toPeers.flush()
}

// Close ends the allocation in the ledger and gives the port back.
func (e *endpoint) Close() error {
	e.closing.Do(func() {
		e.flush()
		if err := e.conn.Close(); err != nil {
			e.core.logger.Warn("closing a relayed socket", "addr", e.relayed, "err", err)
		}
		e.ports.Give(e.relayed.Port())
		e.session.entry.Close(e.session.reason)
		close(e.closed)
	})
	// pion stops closing the rest at the first error.
	return nil
}

// discard closes an endpoint that pion may never have read from.
func (e *endpoint) discard() {
	_ = e.Close()
	if !e.served {
		e.core.endpoints.Done()
	}
}

// LocalAddr implements net.PacketConn.
func (e *endpoint) LocalAddr() net.Addr { return e.local }

// SetDeadline implements net.PacketConn; pion has no use for deadlines.
func (e *endpoint) SetDeadline(time.Time) error { return errors.ErrUnsupported }

// SetReadDeadline implements net.PacketConn.
func (e *endpoint) SetReadDeadline(time.Time) error { return errors.ErrUnsupported }

// SetWriteDeadline implements net.PacketConn.
func (e *endpoint) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }
