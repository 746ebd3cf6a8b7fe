// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"
)

// connection is one with a peer: being dialled at first if the client asked for
// it, then pending until the client binds it, then bound (RFC 6062, section 5).
// It holds its share of the quota while it is among its allocation's
// connections; whoever takes it from there gives that back.
type connection struct {
	allocation *allocation
	peer       netip.AddrPort
	// asked is the transaction of the Connect request; zero for a connection
	// that the peer made.
	asked [stun.TransactionIDSize]byte

	// Guarded by the allocation's mu.
	id     uint32       // of a pending one, else 0
	conn   *net.TCPConn // to the peer; nil while it is dialled
	client net.Conn     // of a bound one, else nil
	timer  *time.Timer  // of a pending one, else nil
}

// repeated reports whether a request is one for a connection to the peer that is
// being served or has been: clients send again what is not answered in time.
// id is that of a connection that is pending, for the answer that was lost, and
// 0 while the answer is yet to come.
func (a *allocation) repeated(req request, peer netip.AddrPort) (id uint32, yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.connections[peer]
	if c == nil || c.asked != req.TransactionID || c.client != nil {
		return 0, false
	}
	return c.id, true
}

// reserve adds a connection to a peer, with the transaction that asks for it if
// one does, or returns why there can be none.
func (a *allocation) reserve(peer netip.AddrPort, asked [stun.TransactionIDSize]byte) (*connection, stun.ErrorCode) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return nil, stun.CodeAllocMismatch
	}
	if _, taken := a.connections[peer]; taken {
		return nil, stun.CodeConnAlreadyExists
	}
	if !a.entry.OpenConnection() {
		return nil, stun.CodeAllocQuotaReached
	}
	c := &connection{allocation: a, peer: peer, asked: asked}
	a.connections[peer] = c
	return c, 0
}

// hold makes a reserved connection pending and returns its id; not ok, with the
// connection reset, if the allocation has ended.
func (a *allocation) hold(c *connection, conn *net.TCPConn) (id uint32, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		reset(conn)
		return 0, false
	}
	c.conn = conn
	c.id = a.relay.pending.add(c)
	c.timer = time.AfterFunc(a.relay.limits.bind, func() { a.discard(c) })
	return c.id, true
}

// bind makes a pending connection that of a client, unless it has been bound or
// discarded.
func (a *allocation) bind(c *connection, id uint32, client net.Conn) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended || c.id != id {
		return false
	}
	a.unlist(c)
	c.client = client
	return true
}

// discard resets a pending connection that was not bound in time.
func (a *allocation) discard(c *connection) {
	a.mu.Lock()
	if a.ended || c.id == 0 {
		a.mu.Unlock()
		return
	}
	a.unlist(c)
	delete(a.connections, c.peer)
	a.mu.Unlock()
	reset(c.conn)
	a.entry.CloseConnection()
}

// unlist makes a connection unknown to ConnectionBind. The caller holds mu.
func (a *allocation) unlist(c *connection) {
	a.relay.pending.remove(c.id)
	c.id = 0
	c.timer.Stop()
}

// release ends a connection that nothing relays to or from any more, whose
// dialling failed or whose copying has ended.
func (a *allocation) release(c *connection) {
	a.mu.Lock()
	held := a.connections[c.peer] == c
	if held {
		delete(a.connections, c.peer)
	}
	a.mu.Unlock()
	if held {
		a.entry.CloseConnection()
	}
}

// abandon closes a connection of an allocation that has ended. Dialling ends
// with the allocation's context.
func (a *allocation) abandon(c *connection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case c.id != 0:
		a.unlist(c)
		reset(c.conn)
	case c.client != nil:
		hangUp(c.client)
		hangUp(c.conn)
	}
}

// hangUp closes a connection at once. What has been written still arrives; TLS
// is not taken leave of, which would wait for the other side.
func hangUp(conn net.Conn) {
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	// There is nobody to tell of errors.
	_ = conn.Close()
}

// reset closes a connection so that the other side can tell it from an orderly
// end: Jami dials again after a reset, and never after an end.
func reset(conn net.Conn) {
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
