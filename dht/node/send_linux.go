// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sender sends datagrams from a UDP socket, many in one system call. It is for
// one goroutine.
type sender struct {
	raw      syscall.RawConn
	headers  [batchSize]unix.Mmsghdr
	buffers  [batchSize]unix.Iovec
	names    [batchSize]unix.RawSockaddrInet6 // long enough for IPv4
	controls [batchSize]control
	used     int
	unsent   int
	send     func(fd uintptr) // made once, since a method value allocates
}

func newSender(socket *socket) *sender {
	s := &sender{raw: socket.raw}
	s.send = s.sendAll
	return s
}

// addFrom takes a datagram, which must be left alone until flush, from an address
// of ours, or one that the system chooses if it is invalid, to an address of the
// socket's family. When it reports true, flush is due.
func (s *sender) addFrom(datagram []byte, from netip.Addr, to netip.AddrPort) (full bool) {
	i := s.used
	s.buffers[i].Base = unsafe.SliceData(datagram)
	s.buffers[i].SetLen(len(datagram))
	h := &s.headers[i].Hdr
	h.Name = (*byte)(unsafe.Pointer(&s.names[i]))
	h.Namelen = setName(&s.names[i], to)
	h.Iov = &s.buffers[i]
	h.SetIovlen(1)
	h.Control, h.Controllen = nil, 0
	if from.IsValid() {
		h.Control = (*byte)(unsafe.Pointer(&s.controls[i]))
		h.SetControllen(s.controls[i].setSource(from))
	}
	s.used++
	return s.used == batchSize
}

// flush sends what was added and returns how many datagrams could not be sent at
// once. They are lost, as on a network: to wait for one peer would hold up all.
func (s *sender) flush() (unsent int) {
	if s.used == 0 {
		return 0
	}
	s.unsent = 0
	if s.raw.Control(s.send) != nil {
		// The socket has been closed.
		s.unsent = s.used
	}
	clear(s.buffers[:s.used])
	s.used = 0
	return s.unsent
}

// sendAll passes over what the kernel refuses.
func (s *sender) sendAll(fd uintptr) {
	for i := 0; i < s.used; {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&s.headers[i])),
			uintptr(s.used-i), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			i += int(n)
		case unix.EINTR:
		case unix.EAGAIN:
			s.unsent += s.used - i
			return
		default:
			if h := &s.headers[i].Hdr; h.Controllen > 0 {
				// The address that the peer used may be ours no more.
				h.Control, h.Controllen = nil, 0
				continue
			}
			s.unsent++
			i++
		}
	}
}

func setName(name *unix.RawSockaddrInet6, to netip.AddrPort) uint32 {
	*name = unix.RawSockaddrInet6{}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&name.Port))[:], to.Port())
	if to.Addr().Is4() {
		name.Family = unix.AF_INET
		(*unix.RawSockaddrInet4)(unsafe.Pointer(name)).Addr = to.Addr().As4()
		return unix.SizeofSockaddrInet4
	}
	name.Family = unix.AF_INET6
	name.Addr = to.Addr().As16()
	if zone := to.Addr().Zone(); zone != "" {
		if scope, err := strconv.ParseUint(zone, 10, 32); err == nil {
			name.Scope_id = uint32(scope)
		}
	}
	return unix.SizeofSockaddrInet6
}
