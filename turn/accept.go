// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/message"
)

const maxAcceptPause = time.Second

// accept serves the connections of a listener until it is closed. secure is
// nil for plain TCP. Connections beyond the limits are reset.
func (r *session) accept(listener *net.TCPListener, secure *tls.Config) {
	pause := 5 * time.Millisecond
	for {
		conn, err := listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Such as too many open files, which passes.
			r.logger.Debug("accepting a connection", "addr", listener.Addr().String(), "err", err)
			select {
			case <-time.After(pause):
				pause = min(2*pause, maxAcceptPause)
				continue
			case <-r.done:
				return
			}
		}
		pause = 5 * time.Millisecond
		s, ok := r.streams.add(conn, secure)
		if !ok {
			r.ledger.RefusedStream()
			reset(conn)
			continue
		}
		go r.serve(s)
	}
}

// serve reads a stream until a message tells what it is for, and hands it over:
// to the UDP relay, to the TCP relay as a control connection, or as a data
// connection (RFC 6062, section 4). A stream keeps the use that it has found.
func (r *session) serve(s *stream) {
	defer r.streams.remove(s)
	defer func() {
		if err := s.Close(); err != nil {
			r.logger.Debug("closing a connection", "remote", s.Client().String(), "err", err)
		}
	}()
	if err := r.dispatch(s); err != nil {
		r.logger.Debug("a connection ended", "remote", s.Client().String(), "err", err)
	}
}

func (r *session) dispatch(s *stream) error {
	if err := s.handshake(); err != nil {
		return err
	}
	buf := make([]byte, message.MaxFrame)
	for {
		n, err := s.Next(buf)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		m, err := message.Decode(buf[:n])
		if err != nil {
			// ChannelData without a channel, or no STUN at all: on a stream
			// the former is passed over (RFC 8656, section 12.6).
			if message.IsChannelData(buf[:n]) {
				continue
			}
			return err
		}
		switch {
		case m.Type == stun.BindingRequest:
			if _, err := s.Write(message.Binding(m, s.Client())); err != nil {
				return err
			}
		case m.Type == stun.NewType(stun.MethodConnectionBind, stun.ClassRequest):
			// Whoever has no credentials is sent away soon, all others stay.
			s.prove()
			return r.tcp.Bind(s.conn, m, s.Client())
		case m.Type == stun.NewType(stun.MethodAllocate, stun.ClassRequest) && !message.WantsUDP(m):
			s.unread(buf[:n])
			s.buffer()
			return r.tcp.ServeControl(s)
		default:
			s.unread(buf[:n])
			s.buffer()
			return r.udp.ServeStream(s)
		}
	}
}
