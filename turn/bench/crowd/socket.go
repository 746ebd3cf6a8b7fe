// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package crowd

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// socketBuffer is asked of the kernel, in bytes: room for some ten thousand
// packets, while the generator sends.
const socketBuffer = 64 << 20

// socket is a non-blocking UDP socket for all addresses of the namespace.
type socket struct {
	fd   int
	port uint16
}

func open() (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a socket: %w", err)
	}
	s := &socket{fd: fd}
	for _, option := range []int{unix.SO_RCVBUFFORCE, unix.SO_SNDBUFFORCE} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, socketBuffer); err != nil {
			return nil, errors.Join(fmt.Errorf("enlarging a socket's buffers: %w", err), s.close())
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{}); err != nil {
		return nil, errors.Join(fmt.Errorf("binding a socket: %w", err), s.close())
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("asking for a socket's port: %w", err), s.close())
	}
	s.port = uint16(bound.(*unix.SockaddrInet4).Port)
	return s, nil
}

func (s *socket) at(addr netip.Addr) netip.AddrPort { return netip.AddrPortFrom(addr, s.port) }

func (s *socket) close() error { return unix.Close(s.fd) }

// await returns true once one of the sockets has a packet, or false after the
// time is up.
func await(limit time.Duration, sockets ...*socket) (bool, error) {
	polled := make([]unix.PollFd, len(sockets))
	for i, s := range sockets {
		polled[i] = unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN}
	}
	n, err := unix.Poll(polled, max(0, int(limit.Milliseconds())))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return false, fmt.Errorf("waiting for packets: %w", err)
	}
	return n > 0, nil
}
