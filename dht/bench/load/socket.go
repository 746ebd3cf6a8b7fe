// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// batch is how many packets one system call sends or receives at most.
	batch = 64
	// largest is the size in bytes of the longest packet.
	largest = 2048
	// socketBuffer is asked of the kernel, in bytes.
	socketBuffer = 16 << 20
)

// mmsghdr is the kernel's struct mmsghdr.
type mmsghdr struct {
	msghdr unix.Msghdr
	length uint32
}

// pktinfoLen is the size of the control message that names a packet's source.
var pktinfoLen = unix.CmsgSpace(unix.SizeofInet4Pktinfo)

// socket is a non-blocking UDP socket that sends from any address of the box,
// with the packets to be sent and those received last.
type socket struct {
	fd      int
	out, in [batch]mmsghdr
	iovOut  [batch]unix.Iovec
	iovIn   [batch]unix.Iovec
	control [batch][]byte // of out
	info    [batch][]byte // of in
	data    [batch][]byte
	queued  int
	node    unix.RawSockaddrInet4
}

func open(node netip.AddrPort) (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a socket: %w", err)
	}
	for _, option := range []int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, socketBuffer); err != nil {
			return nil, errors.Join(fmt.Errorf("enlarging a socket's buffers: %w", err), unix.Close(fd))
		}
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1); err != nil {
		return nil, errors.Join(fmt.Errorf("asking for the destinations of packets: %w", err), unix.Close(fd))
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{}); err != nil {
		return nil, errors.Join(fmt.Errorf("binding a socket: %w", err), unix.Close(fd))
	}
	s := &socket{fd: fd, node: unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: node.Addr().As4()}}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&s.node.Port))[:], node.Port())
	for i := range batch {
		s.data[i] = make([]byte, 0, largest)
		s.control[i], s.info[i] = make([]byte, pktinfoLen), make([]byte, pktinfoLen)
		head := (*unix.Cmsghdr)(unsafe.Pointer(&s.control[i][0]))
		head.Level, head.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
		head.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
		out, in := &s.out[i].msghdr, &s.in[i].msghdr
		out.Name, out.Namelen = (*byte)(unsafe.Pointer(&s.node)), unix.SizeofSockaddrInet4
		out.Iov, in.Iov = &s.iovOut[i], &s.iovIn[i]
		out.SetIovlen(1)
		in.SetIovlen(1)
		out.Control, in.Control = &s.control[i][0], &s.info[i][0]
		out.SetControllen(pktinfoLen)
		s.iovIn[i].Base = &make([]byte, largest)[0]
		s.iovIn[i].SetLen(largest)
	}
	return s, nil
}

func (s *socket) close() error { return unix.Close(s.fd) }

// buffer returns the empty buffer of the packet to be queued next.
func (s *socket) buffer() []byte { return s.data[s.queued][:0] }

// queue takes a packet that was made in the buffer, to be sent from an address.
func (s *socket) queue(from netip.Addr, packet []byte) error {
	i := s.queued
	s.data[i] = packet
	s.iovOut[i].Base = &packet[0]
	s.iovOut[i].SetLen(len(packet))
	info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&s.control[i][unix.CmsgLen(0)]))
	*info = unix.Inet4Pktinfo{Spec_dst: from.As4()}
	if s.queued++; s.queued == batch {
		return s.flush()
	}
	return nil
}

// flush sends what is queued.
func (s *socket) flush() error {
	for first := 0; first < s.queued; {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&s.out[first])), uintptr(s.queued-first), 0, 0, 0)
		switch {
		case errno == 0:
			first += int(n)
		case errors.Is(errno, unix.EAGAIN), errors.Is(errno, unix.ENOBUFS), errors.Is(errno, unix.EINTR):
			if _, err := s.poll(unix.POLLOUT, time.Second); err != nil {
				return err
			}
		default:
			return fmt.Errorf("sending to the node: %w", errno)
		}
	}
	s.queued = 0
	return nil
}

// receive returns how many packets have come, and waits for one if none has.
func (s *socket) receive(wait time.Duration) (int, error) {
	for {
		for i := range s.in {
			s.in[i].msghdr.SetControllen(pktinfoLen)
		}
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&s.in[0])), batch, unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == 0:
			return int(n), nil
		case !errors.Is(errno, unix.EAGAIN) && !errors.Is(errno, unix.EINTR):
			return 0, fmt.Errorf("receiving from the node: %w", errno)
		}
		if ready, err := s.poll(unix.POLLIN, wait); err != nil || !ready {
			return 0, err
		}
	}
}

// packet returns the i-th packet received.
func (s *socket) packet(i int) []byte {
	return unsafe.Slice(s.iovIn[i].Base, int(s.in[i].length))
}

// destination returns the address that the i-th packet was sent to.
func (s *socket) destination(i int) netip.Addr {
	info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&s.info[i][unix.CmsgLen(0)]))
	return netip.AddrFrom4(info.Addr)
}

func (s *socket) poll(events int16, wait time.Duration) (bool, error) {
	polled := []unix.PollFd{{Fd: int32(s.fd), Events: events}}
	n, err := unix.Poll(polled, int(wait.Milliseconds()))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return false, fmt.Errorf("waiting for the node: %w", err)
	}
	return n > 0, nil
}
