// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package turn

import "syscall"

// canShareAddress says whether the kernel spreads the clients of one UDP
// address over several sockets.
const canShareAddress = false

func shareAddress(string, string, syscall.RawConn) error { return nil }
