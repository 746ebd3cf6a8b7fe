// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/auth"
	"jamibox/turn/message"
)

// maxBindTries is how many requests one data connection may make; the first may
// come with a nonce that is too old.
const maxBindTries = 3

// ErrBindRefused is returned by Bind for a client that was told so.
var ErrBindRefused = errors.New("data connection refused")

// errNoHalfClose tells of a connection that cannot end in one direction only.
var errNoHalfClose = errors.New("connection cannot be closed in one direction")

// Bind serves a data connection, a *net.TCPConn or *tls.Conn, whose first
// message is the ConnectionBind request, with nothing read beyond it (RFC 6062,
// section 5.4). It answers, relays until both directions have ended or the
// allocation has, closes conn, and returns nil after an orderly end.
func (r *Relay) Bind(conn net.Conn, request *stun.Message, client netip.AddrPort) error {
	defer hangUp(conn)
	dst, ok := conn.(halfCloser)
	if !ok {
		return fmt.Errorf("binding data connection of %s: %w", client, errNoHalfClose)
	}
	c, err := r.admit(conn, request, client)
	if err != nil {
		return fmt.Errorf("binding data connection of %s: %w", client, err)
	}
	err = r.join(c, dst)
	c.allocation.release(c)
	if err != nil {
		return fmt.Errorf("relaying between %s and peer %s: %w", client, c.peer, err)
	}
	return nil
}

// admit answers requests until one binds conn, and returns what it is bound to.
func (r *Relay) admit(conn net.Conn, request *stun.Message, client netip.AddrPort) (*connection, error) {
	for try := 1; ; try++ {
		c, answer, again := r.claim(conn, request, client)
		if answer != nil {
			if err := write(conn, answer, r.limits.write); err != nil {
				if c != nil {
					reset(c.conn)
					c.allocation.release(c)
				}
				return nil, err
			}
		}
		if c != nil {
			return c, nil
		}
		if !again || try == maxBindTries {
			return nil, ErrBindRefused
		}
		var err error
		if request, err = read(conn, r.limits.request); err != nil {
			return nil, err
		}
	}
}

// claim binds conn to the pending connection that the request names. Without
// one it returns the answer to send, if any, and whether the client may try
// again.
func (r *Relay) claim(conn net.Conn, m *stun.Message, client netip.AddrPort) (c *connection, answer []byte, again bool) {
	if m.Type != stun.NewType(stun.MethodConnectionBind, stun.ClassRequest) {
		return nil, nil, false
	}
	number, named := message.ConnectionID(m)
	if named {
		c = r.pending.find(number)
	}
	var held *auth.Identity
	if c != nil {
		held = c.allocation.owner
	}
	id, refusal := r.Auth.Authenticate(m, client.Addr(), held)
	if id == nil {
		return nil, refusal, refusal != nil
	}
	req := request{m, id}
	switch {
	case c == nil:
		return nil, r.failure(req, stun.CodeBadRequest), false
	case c.allocation.owner.Username != id.Username:
		return nil, r.failure(req, stun.CodeWrongCredentials), false
	case !c.allocation.bind(c, number, conn):
		return nil, r.failure(req, stun.CodeBadRequest), false
	}
	return c, req.success(), false
}

// write sends one message within the limit.
func write(conn net.Conn, raw []byte, limit time.Duration) error {
	if err := conn.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return fmt.Errorf("answering: %w", err)
	}
	if _, err := conn.Write(raw); err != nil {
		return fmt.Errorf("answering: %w", err)
	}
	return nil
}

// read waits for one message, and takes no byte more.
func read(conn net.Conn, limit time.Duration) (*stun.Message, error) {
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	size, err := message.FrameSize(head)
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	frame := make([]byte, size)
	copy(frame, head[:])
	if _, err := io.ReadFull(conn, frame[len(head):]); err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	m, err := message.Decode(frame)
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	return m, nil
}
