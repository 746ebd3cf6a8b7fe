// SPDX-License-Identifier: GPL-3.0-or-later

package peer

import "net/netip"

// answersAnywhere reports whether an address that is no loopback one stands for
// more than one host, and so for the box as well, wherever it is: "this
// network" (RFC 1122, section 3.2.1.3), which Linux takes for the host itself
// where it is 0.0.0.0, multicast and the limited broadcast.
func answersAnywhere(addr netip.Addr) bool {
	if addr.IsUnspecified() || addr.IsMulticast() {
		return true
	}
	return addr.Is4() && (addr.As4()[0] == 0 || addr.As4() == [4]byte{255, 255, 255, 255})
}

// isReserved reports whether an address is one of 240.0.0.0/4 (RFC 1112,
// section 4).
func isReserved(addr netip.Addr) bool { return addr.Is4() && addr.As4()[0] >= 240 }

// embeddedIPv4 returns the IPv4 address that a packet for an IPv6 address may
// end at: the translated form (RFC 6052), 6to4 (RFC 3056), and the deprecated
// compatible form (RFC 4291, section 2.5.5.1), which takes in "::" as well.
func embeddedIPv4(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() || addr.IsLoopback() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	switch high := [12]byte(b[:12]); {
	case high == [12]byte{0x00, 0x64, 0xff, 0x9b}, high == [12]byte{}:
		return netip.AddrFrom4([4]byte(b[12:])), true
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
