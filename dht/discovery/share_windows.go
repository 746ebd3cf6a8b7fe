// SPDX-License-Identifier: GPL-3.0-or-later

package discovery

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/windows"
)

// shareAddress lets several programs of the box hear the groups.
func shareAddress(_, _ string, conn syscall.RawConn) error {
	var failure error
	err := conn.Control(func(fd uintptr) {
		failure = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_REUSEADDR, 1)
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("sharing a multicast port: %w", err)
	}
	return nil
}
