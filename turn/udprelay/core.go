// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// core is the gate in front of one pion server, as whose only PacketConn and
// relay address generator it is. pion reads in one goroutine, the read loop:
// it calls ReadFrom, handles the message, which may call WriteTo with the
// answer and AllocatePacketConn, and calls ReadFrom again. Fields without a
// remark belong to that goroutine.
type core struct {
	cfg    *Config
	pools  *pools
	link   link
	ctx    context.Context
	logger *slog.Logger
	key    []byte   // signs what is asked of pion
	local  net.Addr // what pion knows the link by

	count    uint64       // of addresses made up
	nonce    string       // as pion gave it
	asking   stun.Message // to pion
	jobs     []*job
	current  *job // in pion's hands
	sessions map[netip.AddrPort]*session
	dirty    []*endpoint // with packets to be flushed
	timer    *time.Timer // wakes the link for expire
	next     time.Time   // when timer fires; zero: not at all

	byAddr sync.Map // *net.UDPAddr to *session, for the goroutines of relayed sockets

	mu     sync.Mutex
	ending []*session // to be ended; guarded by mu

	endpoints sync.WaitGroup // those whose goroutine or port is not back yet
	done      chan struct{}  // closed at the end of the read loop
	failure   error          // set before done is closed
}

func newCore(ctx context.Context, r *Relay, l link) *core {
	c := &core{
		cfg:      &r.cfg,
		pools:    r.pools,
		link:     l,
		ctx:      ctx,
		logger:   r.cfg.Logger,
		key:      make([]byte, 16),
		local:    net.UDPAddrFromAddrPort(l.server()),
		sessions: make(map[netip.AddrPort]*session),
		done:     make(chan struct{}),
	}
	rand.Read(c.key) // never fails
	c.timer = time.AfterFunc(maxLifetime, l.wake)
	return c
}

// ReadFrom hands pion the next thing to do. It returns an error only at the end,
// upon which pion closes all allocations in the same goroutine.
func (c *core) ReadFrom(p []byte) (int, net.Addr, error) {
	c.settle()
	for {
		if n, s, ok := c.nextJob(p); ok {
			return n, s.addr, nil
		}
		if !c.link.more() {
			c.flush()
		}
		msg, from, err := c.link.receive()
		switch {
		case err == nil:
			if s, ok := c.admit(msg, from); ok {
				return copy(p, msg), s.addr, nil
			}
		case !errors.Is(err, errWoken):
			c.finish(err)
			return 0, nil, err
		case c.ctx.Err() != nil:
			c.finish(nil)
			return 0, nil, net.ErrClosed
		default:
			c.expire(time.Now())
		}
	}
}

// admit deals with a message from the client at from. It returns true if pion
// is to have it: a Send indication within an allocation.
func (c *core) admit(msg []byte, from netip.AddrPort) (*session, bool) {
	if len(msg) < 4 {
		return nil, false
	}
	s := c.sessions[from]
	if isChannelData(msg) {
		if s != nil && wholeChannelData(msg) {
			s.channelData(msg)
		}
		return nil, false
	}
	m, err := message.Decode(msg)
	if err != nil {
		c.logger.Debug("ignoring a malformed message", "remote", from, "err", err)
		return nil, false
	}
	switch {
	case isRequest(m):
		c.request(m, from, s)
	case isSend(m):
		return s, s != nil && sendable(m)
	}
	return nil, false
}

// flush sends what relayed sockets have gathered for peers.
func (c *core) flush() {
	for i, e := range c.dirty {
		e.flush()
		c.dirty[i] = nil
	}
	c.dirty = c.dirty[:0]
}

// WriteTo takes pion's answers, which end here, and its data for clients. The
// latter come from the goroutines of relayed sockets.
func (c *core) WriteTo(p []byte, to net.Addr) (int, error) {
	if isAnswer(p) {
		c.answered(p)
		return len(p), nil
	}
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.ErrClosed
	}
	if s, ok := c.byAddr.Load(addr); ok {
		s.(*session).endpoint.toClient(p)
	}
	return len(p), nil
}

// end asks for the end of an allocation. It may be called by any goroutine.
func (c *core) end(s *session) {
	c.mu.Lock()
	c.ending = append(c.ending, s)
	c.mu.Unlock()
	c.link.wake()
}

// finish notes why each allocation ends that is left; pion closes them next.
func (c *core) finish(err error) {
	c.timer.Stop()
	c.flush()
	reason := ledger.Stopped
	if c.link.over() != ledger.OverUDP {
		reason = ledger.ClientGone
	}
	for _, s := range c.sessions {
		s.reason = reason
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		c.failure = err
	}
	close(c.done)
}

func (c *core) takeEnding() []*session {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.ending
	c.ending = nil
	return taken
}

// LocalAddr implements net.PacketConn.
func (c *core) LocalAddr() net.Addr { return c.local }

// Close does nothing: the read loop ends by itself.
func (c *core) Close() error { return nil }

// SetDeadline implements net.PacketConn; pion has no use for deadlines.
func (c *core) SetDeadline(time.Time) error { return errors.ErrUnsupported }

// SetReadDeadline implements net.PacketConn.
func (c *core) SetReadDeadline(time.Time) error { return errors.ErrUnsupported }

// SetWriteDeadline implements net.PacketConn.
func (c *core) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }
