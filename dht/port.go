// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// wsaAddrInUse is what Windows says for EADDRINUSE; no other system uses the
// number.
const wsaAddrInUse = syscall.Errno(10048)

// freePort returns port, or any free one for 0, after checking that it can be
// bound for both address families. The check belongs before the start of
// dhtnode, which goes on without IPv4 when the port is taken.
func freePort(port uint16) (uint16, error) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(port)})
	if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaAddrInUse) {
		return 0, fmt.Errorf("UDP port %d is already in use by another program (Debian's dhtnode package "+
			"starts its own service: systemctl disable --now dhtnode)", port)
	}
	if err != nil {
		return 0, fmt.Errorf("testing whether UDP port %d is free: %w", port, err)
	}
	bound := conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	if err := conn.Close(); err != nil {
		return 0, fmt.Errorf("giving back UDP port %d: %w", bound, err)
	}
	return bound, nil
}
