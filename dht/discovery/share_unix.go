// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package discovery

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// shareAddress lets several programs of the box hear the groups.
func shareAddress(_, _ string, conn syscall.RawConn) error {
	var failure error
	err := conn.Control(func(fd uintptr) {
		failure = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("sharing a multicast port: %w", err)
	}
	return nil
}
