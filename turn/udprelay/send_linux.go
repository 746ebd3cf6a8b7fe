// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batch is what a box needs to be sent by one sendmmsg.
type batch struct {
	headers [boxPackets]unix.Mmsghdr
	buffers [boxPackets]unix.Iovec
	names   [boxPackets]unix.RawSockaddrInet6 // long enough for IPv4
	used    int
	send    func(fd uintptr) // made once, since a closure allocates
}

// sender sends datagrams from a UDP socket, many in one system call. Safe for
// concurrent use.
type sender struct {
	raw  syscall.RawConn
	ipv6 bool // the family of the socket
}

func newSender(conn *net.UDPConn) (*sender, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var domain int
	var domainErr error
	err = raw.Control(func(fd uintptr) {
		domain, domainErr = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN)
	})
	if err == nil {
		err = domainErr
	}
	return &sender{raw: raw, ipv6: domain == unix.AF_INET6}, err
}

// carry sends what is in a box. What cannot be sent at once is lost, as on a
// network: to wait would hold up all other clients for a peer that does not
// answer ARP.
func (s *sender) carry(b *box) {
	b.batch.used = 0
	start := 0
	for _, e := range b.entries {
		b.batch.add(b.data[start:e.end], e.to, s.ipv6)
		start = e.end
	}
	if b.batch.send == nil {
		b.batch.send = b.batch.sendAll
	}
	// Not Write, which lets one goroutine at a time in. The only error is that
	// the socket has been closed.
	_ = s.raw.Control(b.batch.send)
}

func (b *batch) add(msg []byte, to netip.AddrPort, ipv6 bool) {
	i := b.used
	length := setName(&b.names[i], to, ipv6)
	if length == 0 {
		return
	}
	b.buffers[i].Base = unsafe.SliceData(msg) // a datagram may be empty
	b.buffers[i].SetLen(len(msg))
	h := &b.headers[i].Hdr
	h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
	h.Namelen = length
	h.Iov = &b.buffers[i]
	h.SetIovlen(1)
	b.used++
}

// sendAll passes over what the kernel refuses.
func (b *batch) sendAll(fd uintptr) {
	for i := 0; i < b.used; {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&b.headers[i])), uintptr(b.used-i),
			unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			i += int(n)
		case unix.EAGAIN:
			return
		case unix.EINTR:
		default:
			i++
		}
	}
}

// setName returns the length of the name, or 0 for an address that a socket of
// this family cannot send to.
func setName(name *unix.RawSockaddrInet6, to netip.AddrPort, ipv6 bool) uint32 {
	if !ipv6 && !to.Addr().Is4() {
		return 0
	}
	*name = unix.RawSockaddrInet6{}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&name.Port))[:], to.Port())
	if !ipv6 {
		name.Family = unix.AF_INET
		(*unix.RawSockaddrInet4)(unsafe.Pointer(name)).Addr = to.Addr().As4()
		return unix.SizeofSockaddrInet4
	}
	name.Family = unix.AF_INET6
	name.Addr = to.Addr().As16()
	if scope, err := strconv.ParseUint(to.Addr().Zone(), 10, 32); err == nil {
		name.Scope_id = uint32(scope)
	}
	return unix.SizeofSockaddrInet6
}
