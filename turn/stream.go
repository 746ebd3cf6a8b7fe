// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"bufio"
	"net"
	"sync"
	"time"
)

// stream is a client's TCP connection as pion sees it. It hands on whole
// messages only, and bounds the time that a client may take.
//
// pion/turn v3 cuts the stream into messages once more, and must not be left
// alone with a stranger's bytes: a length close to 65535 overflows its
// arithmetic into an endless loop, and a message that trickles in costs it one
// level of recursion per read.
type stream struct {
	*net.TCPConn
	set *streamSet

	// Used by the one goroutine that reads.
	in      *bufio.Reader
	rest    int  // bytes of the current message still to be handed on
	greeted bool // whether a whole message has come

	closeOnce sync.Once
}

// Read returns the next bytes of a message, never of two.
func (s *stream) Read(p []byte) (int, error) {
	for s.rest == 0 {
		size, err := s.next()
		if err != nil {
			return 0, err
		}
		s.rest = size
	}
	n, err := s.in.Read(p[:min(len(p), s.rest)])
	s.rest -= n
	return n, err
}

// next waits for a whole message and returns its length, or 0 after dropping
// one that is too long to be relayed.
func (s *stream) next() (int, error) {
	wait := s.set.limits.idle
	if !s.greeted {
		wait = s.set.limits.greeting
	}
	if err := s.await(frameHeadLen, wait); err != nil {
		return 0, err
	}
	head, err := s.in.Peek(frameHeadLen)
	if err != nil {
		return 0, err
	}
	size, err := frameSize([frameHeadLen]byte(head))
	if err != nil {
		return 0, err
	}
	if err := s.await(min(size, maxFrame), s.set.limits.message); err != nil {
		return 0, err
	}
	if size <= maxFrame {
		s.greeted = true
		return size, nil
	}
	if err := s.SetReadDeadline(time.Now().Add(s.set.limits.message)); err != nil {
		return 0, err
	}
	_, err = s.in.Discard(size)
	return 0, err
}

// await returns once that many bytes are buffered.
func (s *stream) await(size int, limit time.Duration) error {
	if s.in.Buffered() >= size {
		return nil
	}
	if err := s.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	_, err := s.in.Peek(size)
	return err
}

// Write sends one message. A client that does not take it in time loses its
// connection: what would follow half a message could not be understood.
func (s *stream) Write(p []byte) (int, error) {
	if refusesCredentials(p) {
		s.set.count.authFailures.Add(1)
	}
	if err := s.SetWriteDeadline(time.Now().Add(s.set.limits.write)); err != nil {
		return 0, err
	}
	n, err := s.TCPConn.Write(p)
	if err != nil {
		s.abort()
	}
	return n, err
}

// Close is called by pion when it is done with the connection and has deleted
// its allocation.
func (s *stream) Close() error {
	var err error
	s.closeOnce.Do(func() {
		err = s.TCPConn.Close()
		s.set.remove(s)
	})
	return err
}

// abort makes pion's next read fail, upon which it calls Close.
func (s *stream) abort() {
	// The only error is that it is closed already.
	_ = s.TCPConn.Close()
}
