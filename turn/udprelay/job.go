// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"encoding/binary"
	"errors"
	"net"

	"github.com/pion/stun/v2"
)

const (
	// coreName is the user and the realm that pion knows the gate by.
	coreName = "gate"
	// maxAttempts for a job: pion tells its nonce when it refuses an old one.
	maxAttempts = 2
)

// job is a request to pion for an allocation.
type job struct {
	session  *session
	method   stun.Method
	attrs    []stun.Setter
	done     func(granted bool) // called in the read loop when pion is through
	attempts int
	answer   answerKind
}

type answerKind int

const (
	unanswered answerKind = iota
	granted
	refused
	staleNonce
)

// ask queues a job.
func (c *core) ask(s *session, method stun.Method, done func(granted bool), attrs ...stun.Setter) {
	c.jobs = append(c.jobs, &job{session: s, method: method, attrs: attrs, done: done})
}

// nextJob writes the request of the next job to p.
func (c *core) nextJob(p []byte) (int, *session, bool) {
	for len(c.jobs) > 0 {
		j := c.jobs[0]
		c.jobs = c.jobs[1:]
		setters := append([]stun.Setter{stun.TransactionID, stun.NewType(j.method, stun.ClassRequest)}, j.attrs...)
		err := c.asking.Build(append(setters,
			stun.NewUsername(coreName), stun.NewRealm(coreName), stun.NewNonce(c.nonce), stun.MessageIntegrity(c.key))...)
		if err != nil || len(c.asking.Raw) > len(p) {
			c.logger.Error("asking the relay core", "method", j.method.String(), "err", err)
			j.done(false)
			continue
		}
		j.attempts++
		c.current = j
		return copy(p, c.asking.Raw), j.session, true
	}
	return 0, nil, false
}

// settle ends the job that pion has been through.
func (c *core) settle() {
	j := c.current
	if j == nil {
		return
	}
	c.current = nil
	if j.answer == staleNonce && j.attempts < maxAttempts {
		c.jobs = append([]*job{j}, c.jobs...)
		return
	}
	if j.answer != granted {
		c.logger.Debug("the relay core refuses a request", "method", j.method.String(), "remote", j.session.client)
	}
	j.done(j.answer == granted)
}

// isAnswer tells an answer of pion's from data, which is ChannelData or a Data
// indication.
func isAnswer(p []byte) bool {
	const responseBit = 0x01 // of the class, in the high byte of the type
	return len(p) > 0 && p[0]>>6 == 0b00 && p[0]&responseBit != 0
}

// answered notes what pion thinks of the current job.
func (c *core) answered(p []byte) {
	const errorBit = 0x10 // of the class, in the low byte of the type
	if c.current == nil {
		return
	}
	if binary.BigEndian.Uint16(p)&errorBit == 0 {
		c.current.answer = granted
		return
	}
	c.current.answer = refused
	var m stun.Message
	var nonce stun.Nonce
	if codeOf(p) == stun.CodeStaleNonce && stun.Decode(p, &m) == nil && nonce.GetFrom(&m) == nil {
		c.current.answer, c.nonce = staleNonce, nonce.String()
	}
}

// Validate implements pion's relay address generator.
func (c *core) Validate() error { return nil }

// AllocatePacketConn hands pion the relayed socket of the current job.
func (c *core) AllocatePacketConn(string, int) (net.PacketConn, net.Addr, error) {
	if c.current == nil || c.current.session.endpoint == nil {
		return nil, nil, errNoEndpoint
	}
	e := c.current.session.endpoint
	e.served = true
	return e, e.local, nil
}

// AllocateConn implements pion's relay address generator.
func (c *core) AllocateConn(string, int) (net.Conn, net.Addr, error) {
	return nil, nil, errors.ErrUnsupported
}

var errNoEndpoint = errors.New("no relayed socket has been opened")

// codeOf returns the code of an error response, or 0.
func codeOf(response []byte) stun.ErrorCode {
	var m stun.Message
	var code stun.ErrorCodeAttribute
	if stun.Decode(response, &m) != nil || code.GetFrom(&m) != nil {
		return 0
	}
	return code.Code
}
