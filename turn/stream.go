// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// stream is a client's connection over TCP or TLS, cut into messages. Only one
// goroutine may read it; writing is safe for concurrent use.
type stream struct {
	tcp  *net.TCPConn
	conn net.Conn // tcp itself, or TLS over it
	over ledger.Transport
	set  *streamSet

	// Used by the one goroutine that reads.
	in    io.Reader // conn itself while the stream may yet become a data connection
	again []byte    // a message that Next has to yield once more

	proved atomic.Bool // whether the client has shown right credentials
}

// Client returns the address of the client.
func (s *stream) Client() netip.AddrPort { return unmapped(s.tcp.RemoteAddr()) }

// Server returns the address that the client came in on.
func (s *stream) Server() netip.AddrPort { return unmapped(s.tcp.LocalAddr()) }

// Over returns the transport between client and server.
func (s *stream) Over() ledger.Transport { return s.over }

func unmapped(addr net.Addr) netip.AddrPort {
	at := addr.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// handshake completes TLS. It must come before the first message.
func (s *stream) handshake() error {
	secure, ok := s.conn.(*tls.Conn)
	if !ok {
		return nil
	}
	if err := s.tcp.SetDeadline(time.Now().Add(s.set.limits.silence)); err != nil {
		return err
	}
	if err := secure.Handshake(); err != nil {
		return err
	}
	return s.tcp.SetDeadline(time.Time{})
}

// Next returns the next whole message, ChannelData with its padding. One that
// is too long to be relayed is passed over.
func (s *stream) Next(p []byte) (int, error) {
	if s.again != nil {
		n := copy(p, s.again)
		s.again = nil
		return n, nil
	}
	for {
		wait := s.set.limits.silence
		if s.proved.Load() {
			wait = s.set.limits.idle
		}
		size, err := s.head(p, wait)
		if err != nil {
			return 0, err
		}
		if err := s.tcp.SetReadDeadline(time.Now().Add(s.set.limits.message)); err != nil {
			return 0, err
		}
		if size > min(len(p), message.MaxFrame) {
			if _, err := io.CopyN(io.Discard, s.in, int64(size-headLen)); err != nil {
				return 0, err
			}
			continue
		}
		if _, err := io.ReadFull(s.in, p[headLen:size]); err != nil {
			return 0, err
		}
		return size, nil
	}
}

// headLen is how many bytes tell the length of a message.
const headLen = 4

func (s *stream) head(p []byte, wait time.Duration) (int, error) {
	if err := s.tcp.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(s.in, p[:headLen]); err != nil {
		return 0, err
	}
	return message.FrameSize([headLen]byte(p))
}

// unread makes Next yield a message once more.
func (s *stream) unread(msg []byte) { s.again = append([]byte(nil), msg...) }

// buffer reads ahead from now on, so that the stream cannot become a data
// connection any more.
func (s *stream) buffer() { s.in = bufio.NewReaderSize(s.conn, readAhead) }

// readAhead is how much of a stream is read at a time, in bytes.
const readAhead = 16 << 10

// Write sends whole messages. A client that does not take them in time loses
// its connection: what would follow half a message could not be understood.
func (s *stream) Write(p []byte) (int, error) {
	if err := s.tcp.SetWriteDeadline(time.Now().Add(s.set.limits.write)); err != nil {
		return 0, err
	}
	if isAllocated(p) {
		s.prove()
	}
	n, err := s.conn.Write(p)
	if err != nil {
		// The only error is that it is closed already.
		_ = s.Close()
		return n, fmt.Errorf("sending to the client: %w", err)
	}
	return n, nil
}

// isAllocated reports whether a message tells a client that its allocation was
// made, for which it must have shown its credentials.
func isAllocated(msg []byte) bool {
	const allocateSuccess = 0x0103
	return len(msg) > headLen && binary.BigEndian.Uint16(msg) == allocateSuccess
}

// prove says that the client has shown right credentials.
func (s *stream) prove() {
	if !s.proved.Swap(true) {
		s.set.prove(s)
	}
}

// Close ends the connection at once, also while it is read or written: without
// the closing alert of TLS, for which a client would have to be waited for. It
// may be called again.
func (s *stream) Close() error { return closed(s.tcp.Close()) }
