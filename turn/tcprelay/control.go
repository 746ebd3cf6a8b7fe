// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"log/slog"
	"sync"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/auth"
	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// channelDataKind is in the two highest bits of ChannelData (RFC 8656, section
// 12.4), which a TCP allocation has no use for.
const channelDataKind = 0b01

// control is a client's control connection. Its methods are called by the
// goroutine of ServeControl, except for send and close.
type control struct {
	relay  *Relay
	stream Stream
	log    *slog.Logger

	// allocation is the last one made here; it may have ended.
	allocation *allocation
	// running are the goroutines that accept and dial for all of them.
	running sync.WaitGroup

	sending sync.Mutex
}

// ServeControl serves a control connection until it ends, closes it, and
// returns what ended it once nothing of its allocation is left but the calls of
// Bind, which are about to return then.
func (r *Relay) ServeControl(s Stream) error {
	c := &control{relay: r, stream: s, log: r.Logger.With("remote", s.Client())}
	defer c.close()
	frame := make([]byte, message.MaxFrame)
	for {
		n, err := s.Next(frame)
		if err != nil {
			return err
		}
		c.handle(frame[:n])
	}
}

// close ends the connection with its allocation and waits for the goroutines of
// all that it had.
func (c *control) close() {
	c.hangUp()
	if c.allocation != nil {
		c.allocation.end(ledger.ClientGone)
	}
	c.running.Wait()
}

// hangUp makes ServeControl return soon. Safe for concurrent use.
func (c *control) hangUp() {
	// The only error would be that it is closed already.
	_ = c.stream.Close()
}

// send writes one message, and hangs up on a client that does not take it in
// time. Safe for concurrent use.
func (c *control) send(raw []byte) {
	c.sending.Lock()
	defer c.sending.Unlock()
	late := time.AfterFunc(c.relay.limits.write, c.hangUp)
	defer late.Stop()
	if _, err := c.stream.Write(raw); err != nil {
		c.log.Debug("client does not take messages", "err", err)
		c.hangUp()
	}
}

// handle answers one message. Those that are no requests, such as the Send
// indications that keep a connection alive, get no answer, nor do those that
// are no STUN messages at all.
func (c *control) handle(raw []byte) {
	if len(raw) > 0 && raw[0]>>6 == channelDataKind {
		return
	}
	m, err := message.Decode(raw)
	if err != nil {
		c.log.Debug("message is not understood", "err", err)
		return
	}
	if m.Type.Class != stun.ClassRequest {
		return
	}
	if m.Type.Method == stun.MethodBinding {
		c.send(message.Binding(m, c.stream.Client()))
		return
	}
	a := c.live()
	var held *auth.Identity
	if a != nil {
		held = a.owner
	}
	id, answer := c.relay.Auth.Authenticate(m, c.stream.Client().Addr(), held)
	if id != nil {
		answer = c.answer(request{m, id}, a)
	}
	if answer != nil {
		c.send(answer)
	}
}

// live returns the allocation of this connection, nil if there is none.
func (c *control) live() *allocation {
	if c.allocation == nil || c.allocation.hasEnded() {
		return nil
	}
	return c.allocation
}

// request is a message with the identity that signed it.
type request struct {
	*stun.Message
	from *auth.Identity
}

func (r request) success(attrs ...stun.Setter) []byte {
	return message.Success(r.Message, r.from.Key, attrs...)
}

// answer returns the answer to an authenticated request, nil for one that is
// answered later. a is nil without an allocation.
func (c *control) answer(req request, a *allocation) []byte {
	switch {
	case req.Type.Method == stun.MethodAllocate:
		return c.allocate(req, a)
	case a == nil:
		return c.relay.failure(req, stun.CodeAllocMismatch)
	case req.from.Username != a.owner.Username:
		return c.relay.failure(req, stun.CodeWrongCredentials)
	}
	switch req.Type.Method {
	case stun.MethodRefresh:
		return a.refresh(req)
	case stun.MethodCreatePermission:
		return a.createPermission(req)
	case stun.MethodConnect:
		return a.connect(req)
	case stun.MethodChannelBind:
		return c.relay.failure(req, stun.CodeForbidden)
	}
	// A ConnectionBind among them: it opens a connection of its own (RFC 6062,
	// section 5.4).
	return c.relay.failure(req, stun.CodeBadRequest)
}

// failure returns the error response to a request and counts it.
func (r *Relay) failure(req request, code stun.ErrorCode) []byte {
	r.Ledger.Answered(int(code))
	return message.Failure(req.Message, req.from.Key, code)
}
