// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"jamibox/dht/wire"
)

// batchSize is how many datagrams are received or sent in one system call, and
// how many are handled in one turn.
const batchSize = 64

// receiver takes datagrams off a UDP socket, many in one system call. It is for
// one goroutine.
type receiver struct {
	raw      syscall.RawConn
	data     []byte
	headers  [batchSize]unix.Mmsghdr
	buffers  [batchSize]unix.Iovec
	names    [batchSize]unix.RawSockaddrInet6 // long enough for IPv4
	controls [batchSize]control
	n        int
	errno    syscall.Errno
	read     func(fd uintptr) bool // made once, since a method value allocates
}

func newReceiver(socket *socket) *receiver {
	r := &receiver{raw: socket.raw, data: make([]byte, batchSize*wire.MaxDatagram), n: batchSize}
	for i := range r.headers {
		r.buffers[i].Base = &r.data[i*wire.MaxDatagram]
		r.buffers[i].SetLen(wire.MaxDatagram)
		h := &r.headers[i].Hdr
		h.Iov = &r.buffers[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		h.Control = (*byte)(unsafe.Pointer(&r.controls[i]))
	}
	r.read = r.tryRead
	return r
}

// receive waits for datagrams and returns how many there are.
func (r *receiver) receive() (int, error) {
	if err := r.raw.Read(r.read); err != nil {
		return 0, err
	}
	if r.errno != 0 {
		return 0, r.errno
	}
	return r.n, nil
}

// tryRead returns false to be called again when there may be something. The call
// does not wait, so the runtime need not know of it.
func (r *receiver) tryRead(fd uintptr) bool {
	for i := range r.n {
		h := &r.headers[i].Hdr
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(int(unsafe.Sizeof(r.controls[i])))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.headers)), batchSize,
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		n = 0
	}
	r.n, r.errno = int(n), errno
	return errno != unix.EAGAIN && errno != unix.EINTR
}

// at returns a datagram, which is good until the next receive, and whether it is
// whole.
func (r *receiver) at(i int) (datagram []byte, from netip.AddrPort, whole bool) {
	h := &r.headers[i]
	start := i * wire.MaxDatagram
	return r.data[start : start+int(h.Len)], addrPortOf(&r.names[i]), h.Hdr.Flags&unix.MSG_TRUNC == 0
}

// destination returns the address of ours to which a datagram came; an invalid one
// if there is no need to know.
func (r *receiver) destination(i int) netip.Addr {
	return r.controls[i].destination(int(r.headers[i].Hdr.Controllen))
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
