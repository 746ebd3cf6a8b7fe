// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/windows"
)

// sharePort lets the listener of a relayed address and the connections that are
// made from it have the same port. SO_REUSEADDR alone does that on Windows.
func sharePort(_, _ string, conn syscall.RawConn) error {
	var failure error
	err := conn.Control(func(fd uintptr) {
		failure = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_REUSEADDR, 1)
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("sharing a relayed port: %w", err)
	}
	return nil
}
