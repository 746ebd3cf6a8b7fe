// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package crowd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchSize is how many packets one system call sends or receives at most.
const batchSize = 64

// mmsghdr is the kernel's struct mmsghdr. The batches of golang.org/x/net make
// each address anew for every packet, which costs the generator as much as a
// relay takes.
type mmsghdr struct {
	msghdr unix.Msghdr
	length uint32
}

// outbox holds packets that are ready to be sent, again and again.
type outbox struct {
	headers []mmsghdr
	packets []outgoing
}

type outgoing struct {
	name    unix.RawSockaddrInet4
	iov     unix.Iovec
	control [controlLen]byte
	payload []byte
}

// The sizes of the control messages IP_PKTINFO and UDP_SEGMENT, which are
// aligned alike on all 64-bit platforms.
const (
	pktinfoLen = 32
	segmentLen = 24
	controlLen = pktinfoLen + segmentLen
)

func newOutbox(n int) *outbox {
	return &outbox{headers: make([]mmsghdr, n), packets: make([]outgoing, n)}
}

// set makes the i-th packet, or a train of packets that the kernel cuts off the
// payload, each of size bytes. The payload is not copied, and may be changed
// between sends.
func (o *outbox) set(i int, from netip.Addr, to netip.AddrPort, payload []byte, size int) {
	p := &o.packets[i]
	p.payload = payload
	p.name = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: to.Addr().As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&p.name.Port))[:], to.Port())
	p.iov.Base = &payload[0]
	p.iov.SetLen(len(payload))

	head := (*unix.Cmsghdr)(unsafe.Pointer(&p.control))
	head.Level, head.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
	head.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
	info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&p.control[unix.CmsgLen(0)]))
	*info = unix.Inet4Pktinfo{Spec_dst: from.As4()}

	h := &o.headers[i].msghdr
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(&p.name)), unix.SizeofSockaddrInet4
	h.Iov = &p.iov
	h.SetIovlen(1)
	h.Control = &p.control[0]
	h.SetControllen(pktinfoLen)
	if size == len(payload) {
		return
	}
	head = (*unix.Cmsghdr)(unsafe.Pointer(&p.control[pktinfoLen]))
	head.Level, head.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	head.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(p.control[pktinfoLen+unix.CmsgLen(0):], uint16(size))
	h.SetControllen(controlLen)
}

// send sends n packets or trains from the given one on, and returns how many
// the kernel took.
func (s *socket) send(o *outbox, first, n int) (int, error) {
	sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
		uintptr(unsafe.Pointer(&o.headers[first])), uintptr(n), 0, 0, 0)
	switch {
	case errno == 0:
		return int(sent), nil
	case errors.Is(errno, unix.EAGAIN), errors.Is(errno, unix.ENOBUFS), errors.Is(errno, unix.ECONNREFUSED):
		return 0, nil
	}
	return 0, fmt.Errorf("sending packets: %w", errno)
}

// inbox holds the packets received last.
type inbox struct {
	headers [batchSize]mmsghdr
	iovs    [batchSize]unix.Iovec
	bytes   [batchSize][]byte
}

// newInbox makes room for the first size bytes of each packet.
func newInbox(size int) *inbox {
	in := &inbox{}
	for i := range in.headers {
		in.bytes[i] = make([]byte, size)
		in.iovs[i].Base = &in.bytes[i][0]
		in.iovs[i].SetLen(size)
		in.headers[i].msghdr.Iov = &in.iovs[i]
		in.headers[i].msghdr.SetIovlen(1)
	}
	return in
}

// packet returns the i-th packet, as far as there was room, and its whole
// length.
func (in *inbox) packet(i int) (head []byte, length int) {
	length = int(in.headers[i].length)
	return in.bytes[i][:min(length, len(in.bytes[i]))], length
}

// receive returns how many packets were there, without waiting for any.
func (s *socket) receive(in *inbox) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd),
		uintptr(unsafe.Pointer(&in.headers[0])), batchSize, unix.MSG_DONTWAIT|unix.MSG_TRUNC, 0, 0)
	switch {
	case errno == 0:
		return int(n), nil
	case errors.Is(errno, unix.EAGAIN), errors.Is(errno, unix.ECONNREFUSED):
		return 0, nil
	}
	return 0, fmt.Errorf("receiving packets: %w", errno)
}
