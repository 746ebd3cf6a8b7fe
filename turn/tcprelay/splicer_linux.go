// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// mover returns what takes bytes from src to dst: splice(2) between sockets.
func (r *Relay) mover(dst, src net.Conn) mover {
	to, plainTo := dst.(*net.TCPConn)
	from, plainFrom := src.(*net.TCPConn)
	if plainTo && plainFrom {
		if raw, err := from.SyscallConn(); err == nil {
			return newSplicer(to, from, raw)
		}
	}
	return r.newCopier(dst, src)
}

// splicer is the mover between two sockets. net.TCPConn splices by itself, but
// has a pipe of two descriptors and up to a megabyte for each direction as long
// as that lasts, mostly waiting; the kernel soon cuts the pipes of a user who
// has many down to two pages, at which copying is faster. Waiting first, and
// asking for no more than is there, leaves few pipes in use at a time.
type splicer struct {
	dst       *net.TCPConn
	from      io.LimitedReader // of the source
	source    syscall.RawConn
	look      func(fd uintptr) bool
	available int
	failure   error
}

func newSplicer(dst, src *net.TCPConn, raw syscall.RawConn) *splicer {
	s := &splicer{dst: dst, from: io.LimitedReader{R: src}, source: raw}
	s.look = s.poll
	return s
}

func (s *splicer) move(limit int) (int, error) {
	s.available, s.failure = 0, nil
	if err := s.source.Read(s.look); err != nil {
		return 0, fmt.Errorf("waiting for bytes: %w", err)
	}
	if s.failure != nil {
		return 0, s.failure
	}
	s.from.N = int64(min(s.available, limit))
	n, err := s.dst.ReadFrom(&s.from)
	return int(n), err
}

// poll reports whether waiting is over: there are bytes, or none will come.
func (s *splicer) poll(fd uintptr) bool {
	available, err := unix.IoctlGetInt(int(fd), unix.SIOCINQ)
	if err != nil {
		s.failure = fmt.Errorf("asking for the bytes there are: %w", err)
		return true
	}
	if available > 0 {
		s.available = available
		return true
	}
	// None, which may mean the end.
	var one [1]byte
	n, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return false
	case err != nil:
		s.failure = fmt.Errorf("looking for bytes: %w", err)
	case n == 0:
		s.failure = io.EOF
	default:
		s.available = n
	}
	return true
}

func (s *splicer) free() {}
