// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package port

import (
	"errors"
	"syscall"
)

func isAddrInUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE)
}
