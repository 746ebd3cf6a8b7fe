// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// canShareAddress says whether the kernel spreads the clients of one UDP
// address over several sockets.
const canShareAddress = true

// shareAddress makes a socket one of several with the same address.
func shareAddress(_, _ string, raw syscall.RawConn) error {
	var failure error
	err := raw.Control(func(fd uintptr) {
		failure = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("sharing a UDP address: %w", err)
	}
	return nil
}
