// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxArrivals is how many datagrams are received at a time.
const maxArrivals = 64

// arrivals are the datagrams of one recvmmsg.
type arrivals struct {
	size    int // of the longest datagram taken in
	data    []byte
	headers [maxArrivals]unix.Mmsghdr
	buffers [maxArrivals]unix.Iovec
	names   [maxArrivals]unix.RawSockaddrInet6 // long enough for IPv4
	used    int
}

func newArrivals(size int) *arrivals {
	a := &arrivals{size: size, data: make([]byte, maxArrivals*size), used: maxArrivals}
	for i := range a.headers {
		a.buffers[i].Base = &a.data[i*size]
		a.buffers[i].SetLen(size)
		a.headers[i].Hdr.Iov = &a.buffers[i]
		a.headers[i].Hdr.SetIovlen(1)
		a.headers[i].Hdr.Name = (*byte)(unsafe.Pointer(&a.names[i]))
	}
	return a
}

// receive fills in datagrams without waiting.
func (a *arrivals) receive(fd uintptr) (int, syscall.Errno) {
	for i := range a.used {
		a.headers[i].Hdr.Namelen = unix.SizeofSockaddrInet6
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&a.headers)), maxArrivals,
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		n = 0
	}
	a.used = int(n)
	return int(n), errno
}

// at returns a datagram, or false for one that was cut short.
func (a *arrivals) at(i int) ([]byte, netip.AddrPort, bool) {
	h := &a.headers[i]
	if h.Hdr.Flags&unix.MSG_TRUNC != 0 {
		return nil, netip.AddrPort{}, false
	}
	return a.data[i*a.size : i*a.size+int(h.Len)], addrPortOf(&a.names[i]), true
}

func addrPortOf(name *unix.RawSockaddrInet6) netip.AddrPort {
	// Ports are in network order in memory, whatever the processor's order.
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&name.Port))[:])
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port)
	}
	addr := netip.AddrFrom16(name.Addr).Unmap()
	if name.Scope_id != 0 {
		addr = addr.WithZone(strconv.FormatUint(uint64(name.Scope_id), 10))
	}
	return netip.AddrPortFrom(addr, port)
}

// receiver takes datagrams off a UDP socket, many in one system call. It needs
// memory only while there are any. It is for one goroutine.
type receiver struct {
	raw   syscall.RawConn
	pool  *sync.Pool // of *arrivals
	held  *arrivals  // nil while there are none
	next  int        // in held
	end   int        // in held
	errno syscall.Errno
	read  func(fd uintptr) bool
}

func newReceiver(conn *net.UDPConn, pool *sync.Pool) (*receiver, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &receiver{raw: raw, pool: pool}
	r.read = r.tryRead // once, since each use of a method as a value allocates
	return r, nil
}

func (r *receiver) more() bool { return r.next < r.end }

// receive returns the next datagram, which is good until the next call.
func (r *receiver) receive() ([]byte, netip.AddrPort, error) {
	for {
		for r.next < r.end {
			packet, from, ok := r.held.at(r.next)
			r.next++
			if ok {
				return packet, from, nil
			}
		}
		if err := r.raw.Read(r.read); err != nil {
			r.release()
			return nil, netip.AddrPort{}, err
		}
		if r.errno != 0 {
			return nil, netip.AddrPort{}, r.errno
		}
	}
}

// tryRead returns false to be called again when there may be something.
func (r *receiver) tryRead(fd uintptr) bool {
	if r.held == nil {
		r.held = r.pool.Get().(*arrivals)
	}
	r.next = 0
	r.end, r.errno = r.held.receive(fd)
	if r.errno == 0 {
		return true
	}
	r.release()
	return r.errno != unix.EAGAIN && r.errno != unix.EINTR
}

func (r *receiver) release() {
	r.next, r.end = 0, 0
	if r.held != nil {
		r.pool.Put(r.held)
		r.held = nil
	}
}
