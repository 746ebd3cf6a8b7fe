// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package tcprelay

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// sharePort lets the listener of a relayed address and the connections that are
// made from it have the same port. Both options are needed, on all of them.
func sharePort(_, _ string, conn syscall.RawConn) error {
	var failure error
	err := conn.Control(func(fd uintptr) {
		if failure = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); failure == nil {
			failure = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("sharing a relayed port: %w", err)
	}
	return nil
}
