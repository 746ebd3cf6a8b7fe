// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// control is the control message that says to which of our addresses a datagram
// came, or from which it is to go out.
type control struct {
	header unix.Cmsghdr
	info   unix.Inet6Pktinfo // long enough for IPv4
}

const sizeofControl = unix.SizeofCmsghdr + unix.SizeofInet6Pktinfo

func (c *control) info4() *unix.Inet4Pktinfo {
	return (*unix.Inet4Pktinfo)(unsafe.Pointer(&c.info))
}

// followAddrs has the system say to which of our addresses datagrams come if there
// is a choice.
func (s *socket) followAddrs() error {
	if !s.local.Addr().IsUnspecified() {
		return nil
	}
	several, err := severalAddrs(s.local.Addr().Is4())
	if err != nil {
		return err
	}
	on := 0
	if several {
		on = 1
	}
	level, option := unix.IPPROTO_IP, unix.IP_PKTINFO
	if s.local.Addr().Is6() {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO
	}
	closed := s.raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, on) })
	if err = cmp.Or(closed, err); err != nil {
		return fmt.Errorf("asking for the addresses that peers use: %w", err)
	}
	return nil
}

// severalAddrs reports whether this host has more than one address of a family, of
// those that destination returns.
func severalAddrs(v4 bool) (bool, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false, fmt.Errorf("listing the addresses of this host: %w", err)
	}
	n := 0
	for _, addr := range addrs {
		prefix, err := netip.ParsePrefix(addr.String())
		if err != nil {
			continue
		}
		if a := prefix.Addr(); a.Is4() == v4 && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
			n++
		}
	}
	return n > 1, nil
}

// destination returns the address to which a datagram came whose control message
// has so many bytes; an invalid one if it is not one to answer from.
func (c *control) destination(size int) netip.Addr {
	switch {
	case size >= unix.SizeofCmsghdr+unix.SizeofInet4Pktinfo && c.header.Level == unix.IPPROTO_IP && c.header.Type == unix.IP_PKTINFO:
		return netip.AddrFrom4(c.info4().Spec_dst)
	case size >= sizeofControl && c.header.Level == unix.IPPROTO_IPV6 && c.header.Type == unix.IPV6_PKTINFO:
		// An interface has one link-local address, which is chosen anyway.
		if addr := netip.AddrFrom16(c.info.Addr); !addr.IsMulticast() && !addr.IsLinkLocalUnicast() {
			return addr
		}
	}
	return netip.Addr{}
}

// setSource has a datagram go out from an address, and returns the size of the
// control message.
func (c *control) setSource(from netip.Addr) (size int) {
	c.header.Level, c.header.Type, size = unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, sizeofControl
	c.info = unix.Inet6Pktinfo{}
	if from.Is4() {
		c.header.Level, c.header.Type, size = unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofCmsghdr+unix.SizeofInet4Pktinfo
		c.info4().Spec_dst = from.As4()
	} else {
		c.info.Addr = from.As16()
	}
	c.header.SetLen(size)
	return size
}
