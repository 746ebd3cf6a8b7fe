// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// maxSegments and maxSegmented bound what the kernel cuts into datagrams
	// for us: in number, and in bytes, for one IP packet has to hold them.
	maxSegments  = 64
	maxSegmented = 65000
	sizeLen      = 2 // of the control message with the length of a segment
)

// batch is what a box needs to be sent by one sendmmsg. Each of its messages is
// one datagram, or several of the same length to the same address that the
// kernel is to cut apart (UDP_SEGMENT), which takes little more of it than one.
type batch struct {
	headers  [boxPackets]unix.Mmsghdr
	buffers  [boxPackets]unix.Iovec
	names    [boxPackets]unix.RawSockaddrInet6 // long enough for IPv4
	controls [boxPackets]control
	lengths  [boxPackets]int // of the segments; 0 for a single datagram
	used     int
	from     *sender
	send     func(fd uintptr) // made once, since a closure allocates
}

// control is a control message with the length of a segment.
type control struct {
	header unix.Cmsghdr
	length uint16
	_      [6]byte
}

// sender sends datagrams from a UDP socket, many in one system call. Safe for
// concurrent use.
type sender struct {
	raw      syscall.RawConn
	ipv6     bool        // the family of the socket
	segments atomic.Bool // whether the kernel cuts messages apart
}

func newSender(conn *net.UDPConn) (*sender, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &sender{raw: raw}
	var domainErr error
	err = raw.Control(func(fd uintptr) {
		var domain int
		domain, domainErr = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN)
		s.ipv6 = domain == unix.AF_INET6
		_, segmentErr := unix.GetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT)
		s.segments.Store(segmentErr == nil)
	})
	if err == nil {
		err = domainErr
	}
	return s, err
}

// carry sends what is in a box. What cannot be sent at once is lost, as on a
// network: to wait would hold up all other clients for a peer that does not
// answer ARP.
func (s *sender) carry(b *box) {
	b.batch.used, b.batch.from = 0, s
	for i, start := 0, 0; i < len(b.entries); {
		n, length := 1, 0
		if s.segments.Load() {
			n, length = alike(b.entries[i:], start)
		}
		end := b.entries[i+n-1].end
		b.batch.add(b.data[start:end], b.entries[i].to, length)
		i, start = i+n, end
	}
	if b.batch.send == nil {
		b.batch.send = b.batch.sendAll
	}
	// Not Write, which lets one goroutine at a time in. The only error is that
	// the socket has been closed.
	_ = s.raw.Control(b.batch.send)
}

// alike returns how many of the entries, the first of which begins at start, can
// go as segments of one message, and of what length; the last may be shorter.
func alike(entries []entry, start int) (n, length int) {
	length = entries[0].end - start
	end := entries[0].end
	for n = 1; n < min(len(entries), maxSegments); n++ {
		e := entries[n]
		if e.to != entries[0].to || e.end-end > length || e.end == end || e.end-start > maxSegmented {
			break
		}
		last := e.end-end < length
		end = e.end
		if last {
			return n + 1, length
		}
	}
	if n == 1 {
		return 1, 0
	}
	return n, length
}

func (b *batch) add(msg []byte, to netip.AddrPort, length int) {
	i := b.used
	nameLen := setName(&b.names[i], to, b.from.ipv6)
	if nameLen == 0 {
		return
	}
	b.lengths[i] = length
	b.buffers[i].Base = unsafe.SliceData(msg) // a datagram may be empty
	b.buffers[i].SetLen(len(msg))
	h := &b.headers[i].Hdr
	h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
	h.Namelen = nameLen
	h.Iov = &b.buffers[i]
	h.SetIovlen(1)
	h.Control = nil
	h.SetControllen(0)
	if length > 0 {
		c := &b.controls[i]
		c.header.Level, c.header.Type = unix.SOL_UDP, unix.UDP_SEGMENT
		c.header.SetLen(unix.CmsgLen(sizeLen))
		c.length = uint16(length)
		h.Control = (*byte)(unsafe.Pointer(c))
		h.SetControllen(unix.CmsgSpace(sizeLen))
	}
	b.used++
}

// sendAll passes over what the kernel refuses.
func (b *batch) sendAll(fd uintptr) {
	if b.used == 1 && b.lengths[0] == 0 {
		// Cheaper for a single datagram. Nothing follows if the kernel refuses it.
		for b.sendOne(fd) == unix.EINTR {
		}
		return
	}
	for i := 0; i < b.used; {
		n, errno := sendmmsg(fd, &b.headers[i], b.used-i)
		switch {
		case errno == 0:
			i += n
		case errno == unix.EAGAIN:
			return
		case errno == unix.EINTR:
		default:
			if b.lengths[i] > 0 {
				b.sendSingly(fd, i, errno)
			}
			i++
		}
	}
}

// sendSingly sends segments that the kernel would not cut apart: longer ones
// than the path takes have to be fragmented, and some devices and tunnels do not
// take part at all.
func (b *batch) sendSingly(fd uintptr, i int, why syscall.Errno) {
	if why == unix.EIO {
		b.from.segments.Store(false)
	}
	h := &b.headers[i].Hdr
	h.Control = nil
	h.SetControllen(0)
	all := unsafe.Slice(b.buffers[i].Base, int(b.buffers[i].Len))
	for len(all) > 0 {
		n := min(b.lengths[i], len(all))
		b.buffers[i].Base = &all[0]
		b.buffers[i].SetLen(n)
		if _, errno := sendmmsg(fd, &b.headers[i], 1); errno == unix.EAGAIN {
			return
		}
		all = all[n:]
	}
}

// sendOne sends the first datagram.
func (b *batch) sendOne(fd uintptr) syscall.Errno {
	h := &b.headers[0].Hdr
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(b.buffers[0].Base)),
		uintptr(b.buffers[0].Len), unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(h.Name)), uintptr(h.Namelen))
	return errno
}

func sendmmsg(fd uintptr, first *unix.Mmsghdr, n int) (int, syscall.Errno) {
	sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(first)), uintptr(n), unix.MSG_DONTWAIT, 0, 0)
	return int(sent), errno
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
